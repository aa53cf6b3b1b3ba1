// The invariants of gangs, those that run and those that wait: written down apart from the code
// that is to keep them, and counted in another way.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <map>
#include <set>

#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

bool spans(const Workload& workload) {
  const auto& task = workload.spec.task;
  return task.ranks > 1 && task.span != Span::worker && !workload.pinned();
}

bool may_be_in(const Worker& worker) {
  return worker.ready && !worker.draining && !worker.doubted && worker.port != 0;
}

// By trying one rank more and more.
std::uint64_t ranks_on(const TaskTemplate& task, const Worker& worker, std::uint32_t slots) {
  std::uint32_t ranks = 0;
  while (ranks < task.ranks) {
    const auto need = slots_for_ranks(task, ranks + 1, worker.who.size, worker.slots());
    if (need == 0 || need > slots) break;
    ++ranks;
  }
  return ranks;
}

// Do these workers, with so many slots each, hold all ranks, in one job or as far as they may span?
template <class Slots>
bool hold(const Ledger& ledger, const Workload& workload, Micros unix_now, Slots slots_of) {
  const auto& task = workload.spec.task;
  std::map<std::pair<PoolId, std::string>, std::uint64_t> ranks;
  for (const auto& [id, worker] : ledger.workers.all()) {
    const auto time = workload.needs_time();
    const bool lasts = time == 0 || worker.ends_unix == 0 || unix_now + time <= worker.ends_unix;
    if (!may_be_in(worker) || !lasts) continue;
    const auto here = ranks_on(task, worker, slots_of(worker));
    ranks[{worker.pool, worker.who.job_id}] += here;
    if (task.span == Span::pool && !worker.job_alone) ranks[{worker.pool, "any job"}] += here;
  }
  for (const auto& [scope, sum] : ranks)
    if (sum >= task.ranks) return true;
  return false;
}

}  // namespace

// A gang's head has the task, each other part is lent by its worker, and nothing else is.
std::string Core::State::gangs_broken() const {
  std::map<std::pair<WorkerId, AttemptId>, std::pair<WorkerId, std::uint32_t>> parts;
  for (const auto& [id, worker] : ledger.workers.all())
    for (const auto& [task, held] : worker.held) {
      if (held.gang.empty()) continue;
      const auto name = "the gang of task " + to_string(task);
      const auto asked = ledger.workloads.find(task.workload)->spec.task.ranks;
      std::uint32_t ranks = 0;
      for (const auto& share : held.gang) {
        const auto* member = ledger.workers.find(share.worker);
        if (member == nullptr || member->gone) return name + " has a worker that is gone";
        ranks += share.ranks;
        if (share.worker == id) continue;
        parts[{share.worker, {task, held.number, held.epoch}}] = {id, share.slots};
      }
      if (held.gang.front().worker != id || held.gang.front().slots != held.slots)
        return name + " has another head";
      if (ranks != asked) return name + " has not the ranks of its task";
    }
  for (const auto& [id, worker] : ledger.workers.all())
    for (const auto& [attempt, part] : worker.lent) {
      const auto found = parts.find({id, attempt});
      if (found == parts.end() || found->second != std::pair(part.head, part.slots))
        return to_string(id) + " lends what no gang has: " + to_string(attempt);
      parts.erase(found);
    }
  if (parts.empty()) return {};
  return to_string(parts.begin()->first.first) + " does not lend what a gang has";
}

// Nobody waits while what is free holds him.  Who waits keeps workers that will hold him, each for
// one only, and those take nothing that is not of an earlier turn.
std::string Core::State::waiting_gangs_broken() const {
  std::set<WorkerId> kept;  // for those whose turn comes first
  const auto free = [&](const Worker& one) { return kept.contains(one.id()) ? 0 : one.free(); };
  const auto all = [&](const Worker& one) { return kept.contains(one.id()) ? 0 : one.slots(); };
  for (const auto& [order, id] : ledger.workloads.turns()) {
    const auto& workload = *ledger.workloads.find(id);
    const auto name = "workload " + to_string(id);
    if (spans(workload) && hold(ledger, workload, unix_now, free))
      return name + " waits, and free slots of several workers hold its ranks";
    const auto own = keeps.find(id);
    bool one_slot = false;
    for (const auto& [worker_id, worker] : ledger.workers.all())
      one_slot = one_slot ||
                 (worker.ready && !worker.draining && slots_at(workload, worker, unix_now) == 1);
    if (own == keeps.end() && !one_slot && spans(workload) && !ledger.workers.with_free().empty() &&
        hold(ledger, workload, unix_now, all))
      return name + " waits, and no workers are kept for its ranks";
    if (own == keeps.end()) continue;
    if (auto what = keep_broken(workload, own->second); !what.empty()) return name + what;
    for (const auto worker : own->second)
      if (!kept.insert(worker).second) return to_string(worker) + " is kept for two";
  }
  return {};
}

std::string Core::State::keep_broken(const Workload& workload,
                                     const std::set<WorkerId>& workers) const {
  const auto turn = [&](WorkloadId id) {
    return std::pair(-std::int64_t{ledger.workloads.find(id)->spec.priority}, id);
  };
  const auto slots = [&](const Worker& one) {
    return workers.contains(one.id()) ? one.slots() : 0;
  };
  const bool one_holds =
      workers.size() == 1 &&
      slots_for(workload.spec.task, ledger.workers.find(*workers.begin())->who.size,
                ledger.workers.find(*workers.begin())->slots()) > 0;
  if (!one_holds && !hold(ledger, workload, 0, slots)) return " keeps workers that do not hold it";
  for (const auto id : workers) {
    const auto& worker = *ledger.workers.find(id);
    if (!worker.ready || worker.draining)
      return " keeps " + to_string(id) + ", which takes nothing";
    const auto since = kept_since.at(workload.id).at(id);
    const auto passes = [&](std::uint64_t order, WorkloadId other) {
      return order > since && !ledger.workloads.find(other)->pinned() &&
             turn(other) > turn(workload.id);
    };
    for (const auto& [task, held] : worker.held)
      if (worker.over() > 0 && !worker.retracting && !held.started && held.slots > 0 &&
          held.order == worker.in_order().back().second.order &&
          !ledger.workloads.find(task.workload)->is_cancelled(task.index))
        return " keeps " + to_string(id) + ", and task " + to_string(task) + " waits there";
    for (const auto& [task, held] : worker.held)
      if (passes(held.order, task.workload))
        return " keeps " + to_string(id) + ", and task " + to_string(task) + " was given to it";
    for (const auto& [attempt, part] : worker.lent)
      if (passes(part.order, attempt.task.workload))
        return " keeps " + to_string(id) + ", and it lends slots to " + to_string(attempt);
  }
  return {};
}

}  // namespace pcluster
