// Holds tasks to the memory that they asked for, and tells an end for want of memory from others.
// Tasks that asked for none cost nothing, but a look when the kernel has killed one.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>
#include "launcher/io/loop.hpp"
#include "launcher/model/result.hpp"
#include "mpi-runtime/memory_group.hpp"

namespace pcluster {

class TaskMemory {
 public:
  // `kill`: the task on this slot.  `job_limit_kb`: of our own group; 0 = none.
  TaskMemory(Loop&, MemoryGroups, std::uint64_t job_limit_kb, std::uint32_t slots,
             std::function<void(std::uint32_t slot)> kill);
  ~TaskMemory();
  TaskMemory(const TaskMemory&) = delete;
  TaskMemory& operator=(const TaskMemory&) = delete;

  // Before it starts.  Returns the group that its first process joins; empty: it is watched.
  std::string hold(std::uint32_t slot, std::uint64_t limit_kb);
  void started(std::uint32_t slot, pid_t leader);
  void let_go(std::uint32_t slot);  // it could not start
  // It has ended, and nothing of it is left: fills in what is to be said of its memory.  `ours`: we
  // had told it to end.
  void ended(std::uint32_t slot, bool ours, const std::string& host, TaskResult&);

 private:
  struct Held {
    std::uint64_t limit_kb = 0, peak_kb = 0;  // limit 0: nothing is held
    std::string group;
    pid_t leader = 0;
    bool exceeded = false;  // seen by us
  };
  void watch();
  void look();
  bool job_ran_out();

  Loop& loop_;
  MemoryGroups groups_;
  const std::uint64_t job_limit_kb_;
  std::vector<Held> held_;
  std::function<void(std::uint32_t)> kill_;
  std::optional<TimerId> timer_;
  std::uint64_t kills_, made_ = 0;
  std::optional<Time> ran_out_at_;
};

// "out of memory: 8.3 of 8.0 GB on n14"
std::string out_of_memory_text(std::uint64_t peak_kb, std::uint64_t limit_kb,
                               const std::string& host);

}  // namespace pcluster
