// How a task ended, and what is kept of it.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include "launcher/model/ids.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

enum class TaskState : std::uint8_t { queued, running, done, failed, lost, cancelled };
std::string_view to_string(TaskState);

// What ended it, where that is known and not the program.
enum class Cause : std::uint8_t { none, out_of_memory };

struct TaskResult {
  AttemptId attempt;
  // done | failed | cancelled, as the worker saw it; lost: not its own fault, `unreachable` says
  // whose.
  TaskState state = TaskState::done;
  std::int32_t exit_code = 0;  // -1 when a signal ended it
  std::int32_t signal = 0;
  Micros start_unix = 0, end_unix = 0;
  Micros cpu = 0;                     // user + system of the task's leader and what it waited for
  std::uint64_t max_rss_kb = 0;       // never below the worker's own at the start (see docs)
  std::string message;                // why it could not start, or was killed; for people
  std::string columns;                // JSON object that the task wrote to $PCLUSTER_RESULT
  std::vector<WorkerId> unreachable;  // of its gang, as its head saw it
  Cause cause = Cause::none;
  std::uint64_t memory_limit_kb = 0;  // that it was held to; 0 = none
};

inline constexpr std::size_t max_columns = 64 * 1024;  // bytes of $PCLUSTER_RESULT

}  // namespace pcluster
