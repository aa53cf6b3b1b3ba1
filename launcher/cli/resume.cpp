// Looks for what is left of a workload.
// SPDX-License-Identifier: MIT
#include "launcher/cli/resume.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "launcher/base/text.hpp"
#include "launcher/cli/again.hpp"
#include "launcher/cli/earlier.hpp"
#include "launcher/cli/task_views.hpp"
#include "launcher/io/result_rows.hpp"

namespace pcluster {
namespace {

class Search {
 public:
  explicit Search(const WorkloadSpec& spec) : spec_(spec) {}

  // A workload that cannot be read has finished nothing for us.
  void look(const StateDirectory& state, WorkloadId id, bool stopped) {
    try {
      const auto added = read_added(state, id);
      if (!same_work(added.spec, spec_)) return;
      ResultRows rows(state, id);
      const auto trial_at = trial_reader(added.spec.trials, state);
      // What a stopped cluster left also stands among the earlier ones.
      if (!seen_.emplace(added.at_unix, id).second) return;
      if (!stopped) here.push_back(id);
      bool some = false;
      for (std::uint32_t place = 0; place < rows.end(); ++place) {
        if (rows.state(place) != TaskState::done) continue;
        finished.add(added.spec.task.columns, trial_at(place), place);
        some = true;
      }
      if (some) names.push_back(to_string(id) + (stopped ? " (before a stop)" : ""));
    } catch (const Error&) {}
  }

  Finished finished;
  std::vector<std::string> names;
  std::vector<WorkloadId> here;

 private:
  const WorkloadSpec& spec_;
  std::set<std::pair<Micros, WorkloadId>> seen_;
};

}  // namespace

Resumed resume(const Session& session, const WorkloadSpec& spec) {
  const auto state = session.state();
  Search search(spec);
  for (const auto id : workloads_on_disk(state)) search.look(state, id, false);
  for (const auto& earlier : earlier_clusters(state))
    for (const auto id : workloads_on_disk(earlier)) search.look(earlier, id, true);
  const auto count = task_count(spec.trials);
  const auto left = search.finished.left(spec);
  if (left.size() == count) {
    session.say("nothing of this has finished before");
    return {spec, search.here};
  }
  session.say(fmt::format(
      "{} of {} finished in workload{} {}; {}", count - left.size(), count,
      search.names.size() == 1 ? "" : "s", join(search.names, ", "),
      left.empty() ? std::string("nothing is left to run") : fmt::format("{} left", left.size())));
  if (left.empty()) return {{}, search.here};
  return {some_of(spec, spec.trials, left), search.here};
}

void refuse_running(Client& client, const std::vector<WorkloadId>& ids) {
  if (ids.empty()) return;
  for (const auto& row : client.ask<Status>(GetStatus{}).workloads) {
    const auto id = row.progress.workload;
    if (row.progress.finished || std::ranges::find(ids, id) == ids.end()) continue;
    throw Error(
        Exit::refused, fmt::format("workload {} still runs the same", to_string(id)),
        fmt::format("pcluster wait {0}, or pcluster cancel {0}, and then resume", to_string(id)));
  }
}

}  // namespace pcluster
