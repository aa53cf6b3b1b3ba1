// What tasks leave behind: processes that outlive their leader come to us (we are their subreaper),
// are told apart by task, and are ended.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/remains.hpp"

#include <unistd.h>

#include <algorithm>

namespace pcluster {

// The mark in its environment says whose it is; a wiped environment leaves session and group.
Remains::Remain& Remains::known(pid_t process, std::span<const Occupant> slots) {
  auto [at, fresh] = known_.try_emplace(process);
  if (!fresh) return at->second;
  pid_t session = getsid(process), group = getpgid(process);
  std::string environment = environment_of(process);
  for (std::uint32_t slot = 0; slot < slots.size(); ++slot) {
    const Occupant& task = slots[slot];
    at->second.sequence = std::max(at->second.sequence, task.sequence);
    if (task.leader == 0) continue;
    bool its = task.leader == session || task.leader == group || has_entry(environment, task.mark);
    if (!its) continue;
    return at->second = {slot, true, task.sequence, false};
  }
  return at->second;
}

Remains::Verdict Remains::look(std::span<const Occupant> slots,
                               const std::unordered_map<pid_t, std::uint32_t>& leaders) {
  Verdict verdict;
  for (pid_t process : children_.look()) {
    if (leaders.contains(process) || spared_.contains(process)) continue;
    Remain& remain = known(process, slots);
    auto may_be_its = [&remain](const Occupant& task) {
      return task.leader != 0 && !task.ended && task.sequence <= remain.sequence;
    };
    if (remain.owned) {
      const Occupant& task = slots[remain.slot];
      if (task.sequence == remain.sequence && !task.ended) continue;
      if (task.sequence == remain.sequence) verdict.waiting.insert(remain.slot);
    } else {
      verdict.strangers = true;
      if (std::any_of(slots.begin(), slots.end(), may_be_its)) continue;
    }
    verdict.unfinished = true;
    if (!remain.killed) kill_tree(process);
    remain.killed = true;
  }
  return verdict;
}

std::vector<pid_t> Remains::of(std::uint32_t slot, std::span<const Occupant> slots,
                               const std::unordered_map<pid_t, std::uint32_t>& leaders) {
  std::vector<pid_t> found;
  for (pid_t process : children_.look()) {
    if (leaders.contains(process) || spared_.contains(process)) continue;
    const Remain& remain = known(process, slots);
    if (remain.owned && remain.slot == slot && remain.sequence == slots[slot].sequence)
      found.push_back(process);
  }
  return found;
}

}  // namespace pcluster
