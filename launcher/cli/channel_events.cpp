// The payloads of the frames that are events, as JSON.
// SPDX-License-Identifier: MIT
#include "launcher/cli/channel_events.hpp"

#include <nlohmann/json.hpp>

namespace pcluster {
namespace {

using Json = nlohmann::ordered_json;

const std::string no_workers =
    "no worker is home: the programs wait; pcluster submit brings workers up";

std::string text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string opened_event(WorkerId worker, const std::string& host, const TaskId& task) {
  return text({{"worker", to_string(worker)}, {"host", host}, {"task", to_string(task)}});
}

std::string closed_event(const ChannelState& state) {
  return text({{"state", std::string(to_string(state.state))},
               {"exit_code", state.exit_code},
               {"signal", state.signal},
               {"message", state.message},
               {"again", state.again}});
}

std::string note_event(const Progress& now) {
  const bool none = now.slots == 0 && now.queued > 0 && now.note.empty();
  return text({{"workload", to_string(now.workload)},
               {"tasks", now.tasks},
               {"queued", now.queued},
               {"running", now.running},
               {"slots", now.slots},
               {"note", none ? no_workers : now.note}});
}

std::string finished_event(const Progress& last) {
  return text({{"workload", to_string(last.workload)},
               {"tasks", last.tasks},
               {"done", last.done},
               {"failed", last.failed},
               {"cancelled", last.cancelled}});
}

}  // namespace pcluster
