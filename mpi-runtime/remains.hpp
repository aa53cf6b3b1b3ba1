// What tasks leave behind: processes that outlive their leader come to us (we are their subreaper),
// are told apart by task, and are ended.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>
#include "mpi-runtime/process_tree.hpp"

namespace pcluster {

// A slot's task, as far as its processes go.
struct Occupant {
  pid_t leader = 0;            // 0 = the slot is free
  bool ended = false;          // the leader is reaped
  std::uint64_t sequence = 0;  // of its start; counts up
  std::string mark;            // "NAME=value" of its environment that no other slot's has
};

class Remains {
 public:
  // Looks at our children: what ended tasks left is killed.  `leader(pid)` = that of a running
  // task. Says which ended slots must wait until it is gone.
  struct Verdict {
    std::unordered_set<std::uint32_t> waiting;
    bool unfinished = false;  // some were killed and are not gone yet
    bool strangers = false;   // some live whose task is not known: they may hold anybody's pipes
  };
  Verdict look(std::span<const Occupant>, const std::unordered_map<pid_t, std::uint32_t>& leaders);
  // Also before its number is used again.
  void reaped(pid_t process) {
    known_.erase(process);
    spared_.erase(process);
  }
  void spare(pid_t process) { spared_.insert(process); }  // a child of ours that is no task's
  // Processes at home that belong to the running task of `slot`, but no longer hang below its
  // leader.
  std::vector<pid_t> of(std::uint32_t slot, std::span<const Occupant>,
                        const std::unordered_map<pid_t, std::uint32_t>& leaders);

 private:
  struct Remain {
    std::uint32_t slot = 0;
    bool owned = false;
    std::uint64_t sequence = 0;  // of its task; not owned: all tasks up to here may be it
    bool killed = false;
  };
  Remain& known(pid_t process, std::span<const Occupant>);

  OwnChildren children_;
  std::unordered_map<pid_t, Remain> known_;
  std::unordered_set<pid_t> spared_;
};

}  // namespace pcluster
