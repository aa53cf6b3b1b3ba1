// The journal's records as events that people and programs follow.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <optional>
#include <string>

#include "launcher/cli/documents.hpp"
#include "launcher/model/records.hpp"

namespace pcluster {

class EventMaker {
 public:
  // Records in their order, each once; nothing for one that tells only the time.
  std::optional<EventView> take(std::uint64_t sequence, const Record&);

 private:
  Micros time_of(const Record&);

  Micros last_ = 0;  // the newest time that a record carried
  std::map<PoolId, std::string> pools_;
};

// "2026-11-21T08:02:09.123Z  task_done  7.3 on w1, exit code 0"
std::string event_text(const EventView&);

// What `--since` says: a number of an event (those behind it), or a time.
struct Since {
  std::uint64_t sequence = 0;
  Micros at_unix = 0;
  bool includes(const EventView& event) const {
    return event.sequence > sequence && (at_unix == 0 || event.at_unix >= at_unix);
  }
};
// "1234", "10m" (ago), "2026-11-21", "2026-11-21T08:02:09Z".  Throws Error(Exit::usage).
Since parse_since(const std::string& text, Micros now_unix);

}  // namespace pcluster
