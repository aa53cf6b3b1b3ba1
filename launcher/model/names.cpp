// States as scripts read them in JSON.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/model/job.hpp"
#include "launcher/model/result.hpp"

namespace pcluster {

std::string_view to_string(TaskState state) {
  constexpr std::string_view names[] = {"queued", "running", "done", "failed", "lost", "cancelled"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(JobState state) {
  constexpr std::string_view names[] = {"submitting", "pending", "running", "ended", "unknown"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace pcluster
