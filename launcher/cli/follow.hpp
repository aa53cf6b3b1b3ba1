// Follows a workload to its end: progress on the terminal, Ctrl-C, a launcher that restarts.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>

#include "launcher/cli/client.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/cli/standard_input.hpp"

namespace pcluster {

struct Followed {
  Progress last;
  std::string note;  // why nothing ran, when that was said last
  enum class End { finished, interrupted, detached } end = End::finished;
};

// Results stand on disk before anybody is told; another host may see them so much later.
inline constexpr Micros table_lag = 200 * millisecond;

struct FollowRules {
  bool show = true;                      // the bar or the lines
  bool cancels = true;                   // Ctrl-C ends the tasks; else it only leaves (`wait`)
  Micros patience = 0;                   // not begun after so long: cancelled; 0 = any time
  std::function<void()> meanwhile = {};  // called between messages: `run` prints output there
  std::function<bool()> enough = {};     // asked then: true ends it as the workload's end does
  Micros look = 100 * millisecond;       // so often, if no message comes before
  StandardInput* input = nullptr;        // what the program reads
};

// Accepts the workload and follows it, on one connection: nothing is missed between.
WorkloadAccepted add_workload(Client&, WorkloadSpec, bool follow);
int print_detached(const Session&, const WorkloadAccepted&, const WorkloadSpec&);  // --detach
Followed follow(const Session&, Client&, WorkloadId, const FollowRules&);

// "7.3 on node2: no such program": of the first task that failed; empty when the table does not
// say.
std::string first_failure(const Session&, WorkloadId);

// What `map` and `wait` say at the end, and their exit code.
int conclude(const Session&, const Followed&, const WorkloadSpec&);

}  // namespace pcluster
