// A batch job as the launcher sees it: states, and what one look at the queue tells.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include "launcher/base/units.hpp"

namespace pcluster {

enum class JobState : std::uint8_t {
  submitting,  // the submit command has not answered; looked up by name, never repeated blindly
  pending,     // queued, held, configuring, ...
  running,     // also completing, suspended, ...
  ended,       // done, failed, cancelled, timed out, preempted, ...
  unknown,     // a word of the scheduler that we do not know: ask again
};
std::string_view to_string(JobState);

// One line of the scheduler's status listing.
struct JobSeen {
  std::string job_id;  // "12" or "12_3" (array element)
  JobState state = JobState::unknown;
  std::string word;    // the scheduler's own name of the state
  std::string reason;  // why it waits or ended, in the scheduler's words
  std::string nodes;
  Micros end_unix = 0;  // real end of the allocation; 0 = not known or no limit
  bool never = false;   // the reason means: it will not start by itself (partition down, ...)
  std::string token;    // of its submit, from the job's name; filled in by the launcher
  bool operator==(const JobSeen&) const = default;
};

}  // namespace pcluster
