// What a process and those below it have used so far, while they live.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include <time.h>
#include <cstdint>
#include <vector>
#include "launcher/base/units.hpp"

namespace pcluster {

class ProcessUse {
 public:
  void look(pid_t root);  // from now on it is about `root` and what is below it now
  Micros cpu() const;
  std::uint64_t max_rss_kb() const;  // the largest of them, ever
  // What they have to themselves and share, now.  Quickly, and so that what two of them share (a
  // fork's copy) is counted twice; exactly, where that would be above `suspicious`.
  std::uint64_t memory_kb(std::uint64_t suspicious) const;

 private:
  std::vector<pid_t> processes_;
  std::vector<clockid_t> clocks_;  // of these
};

// A task's max RSS is never below ours at its start: what starting up took must not count.
void forget_peak_memory();

}  // namespace pcluster
