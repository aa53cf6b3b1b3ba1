// The invariants, liveness among them: written down here once more and apart from the code that is
// to keep them (those of gangs: check_gangs.cpp).  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <map>
#include <set>

#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

// Each task is in one place, and the counts say so.
std::string books(const Ledger& ledger) {
  std::map<WorkloadId, std::uint32_t> out;
  std::set<TaskId> seen;
  for (const auto& [id, worker] : ledger.workers.all()) {
    std::uint32_t load = 0;
    for (const auto& [task, held] : worker.held) {
      load += held.slots;
      ++out[task.workload];
      if (!seen.insert(task).second) return "two workers have task " + to_string(task);
      const auto* workload = ledger.workloads.find(task.workload);
      if (workload == nullptr || task.index >= workload->tasks)
        return "a worker has the unknown task " + to_string(task);
      if (workload->queue.contains(task.index))
        return "task " + to_string(task) + " waits and runs at once";
      if (held.number == 0) return "task " + to_string(task) + " has no attempt";
    }
    for (const auto& [attempt, part] : worker.lent) load += part.slots;
    if (load != worker.load) return "the load of " + to_string(id) + " is not what it has";
    if (worker.gone && (worker.busy() || worker.link || worker.ready))
      return to_string(id) + " is gone and has something still";
    if (worker.ready && !worker.link) return to_string(id) + " is ready without a connection";
  }
  for (const auto& [id, workload] : ledger.workloads.all()) {
    if (workload.running != out[id]) return "workload " + to_string(id) + " miscounts what is out";
    const auto sum = std::uint64_t{workload.queue.size()} + workload.running + workload.done +
                     workload.failed + workload.cancelled;
    if (sum != workload.tasks)
      return fmt::format("workload {} has {} tasks, and {} are counted", to_string(id),
                         workload.tasks, sum);
    if (workload.cancel_asked && !workload.queue.empty())
      return "tasks of the cancelled workload " + to_string(id) + " wait";
  }
  return {};
}

// Whoever comes after others waits for exactly those that have not ended, and for nothing else.
// Tasks of an earlier launcher's time may run: what they came after had ended, and a crash came
// before that was durable.
std::string order(const Ledger& ledger) {
  std::set<WorkloadId> begun;
  for (const auto& [id, worker] : ledger.workers.all())
    for (const auto& [task, held] : worker.held)
      if (held.epoch == ledger.epoch()) begun.insert(task.workload);
  const auto& all = ledger.workloads;
  std::set<WorkloadId> with_turn = all.pinned();
  for (const auto& [turn, id] : all.turns()) with_turn.insert(id);
  for (const auto& [id, workload] : all.all()) {
    bool waits = false, fails = false;
    for (const auto before : workload.spec.after) {
      const auto ended = all.ended(before);
      waits = waits || (!ended && all.knows(before));
      fails = fails || (ended && ended->done < ended->tasks);
    }
    for (const auto before : workload.spec.after_any) {
      waits = waits || (!all.ended(before) && all.knows(before));
    }
    const auto name = "workload " + to_string(id);
    if ((waits || fails) && (with_turn.contains(id) || begun.contains(id)))
      return name + " runs before what it comes after";
    if (fails && !workload.finished() && !workload.cancel_asked)
      return name + " should be cancelled, and is not";
    const bool may_go = !waits && !fails && !workload.trials_missing() && !workload.queue.empty();
    if (may_go && !with_turn.contains(id)) return name + " waits for nothing and has no turn";
  }
  return {};
}

// Tasks for one worker each go there whatever else it does, or end when it is gone.
std::string pinned(const Ledger& ledger) {
  for (const auto id : ledger.workloads.pinned()) {
    const auto& workload = *ledger.workloads.find(id);
    for (const auto& [first, count] : workload.queue.waiting().runs())
      for (auto index = first; index < first + count; ++index) {
        const auto* worker = ledger.workers.find(workload.spec.on.at(index));
        if (worker == nullptr || worker->gone || worker->ready || worker->leaving)
          return "task " + to_string(TaskId{id, index}) + " waits, and need not";
      }
  }
  for (const auto& [id, worker] : ledger.workers.all())
    for (const auto& [task, held] : worker.held) {
      const auto* workload = ledger.workloads.find(task.workload);
      if (workload->pinned() && workload->spec.on.at(task.index) != id)
        return "task " + to_string(task) + " is at the wrong worker";
      if (workload->pinned() != (held.slots == 0))
        return "task " + to_string(task) + " takes the wrong number of slots";
    }
  return {};
}

// No more jobs than are wanted, none of them kept that has nothing left to do.
std::string shrinks(const Ledger& ledger, const Fleet& fleet) {
  for (const auto& [id, pool] : fleet.pools())
    if (fleet.surplus(id) > fleet.coming(id))
      return "pool " + pool.asked.name + " has more jobs than are wanted";
  for (const auto& job_id : fleet.draining()) {
    bool busy = false;
    for (const auto& [id, worker] : ledger.workers.all()) {
      if (worker.who.job_id != job_id || worker.gone) continue;
      busy = busy || !worker.ready || worker.busy() || ledger.awaited(id);
      if (!worker.draining) return to_string(id) + " does not drain, and its job does";
      for (const auto& [task, held] : worker.held)
        if (worker.over() > 0 && !worker.retracting && !held.started && held.slots > 0 &&
            held.order == worker.in_order().back().second.order &&
            !ledger.workloads.find(task.workload)->is_cancelled(task.index))
          return "task " + to_string(task) + " waits at " + to_string(id) + ", which drains";
    }
    if (!busy) return "job " + job_id + " is drained and not ended";
  }
  return {};
}

// Whoever said that its job ends is given nothing any more but what `exec` wants to see there.
std::string leaving(const Ledger& ledger) {
  for (const auto& [id, worker] : ledger.workers.all()) {
    if (worker.ending.empty() || worker.gone) continue;
    if (!worker.draining || worker.free() > 0)
      return to_string(id) + " leaves, and may be given tasks";
    for (const auto& [task, held] : worker.held)
      if (held.order > worker.ending_order && held.slots > 0)
        return "task " + to_string(task) + " was given to " + to_string(id) + ", which leaves";
    for (const auto& [attempt, part] : worker.lent)
      if (part.order > worker.ending_order)
        return "a part of " + to_string(attempt.task) + " was given to " + to_string(id) +
               ", which leaves";
  }
  return {};
}

// Automatic pools stay within their bounds, and somebody will look when work waits for more jobs.
std::string bounds(const Fleet& fleet) {
  for (const auto& [id, pool] : fleet.pools()) {
    if (!pool.asked.automatic) continue;
    const auto coming = fleet.coming(id);
    if (pool.asked.jobs > pool.asked.most || fleet.living(id) > pool.asked.most + coming)
      return "pool " + pool.asked.name + " has more jobs than its most";
  }
  for (const auto& [token, submit] : fleet.submits()) {
    if (submit.phase != Submit::Phase::waiting) continue;
    const auto* pool = fleet.pool(submit.began.pool);
    if (submit.began.count == 0) return "submit " + token + " waits for nothing";
    if (pool == nullptr) return "submit " + token + " has no pool";
  }
  return {};
}

// Nobody starves while work waits that would fit, in the queue or behind another's busy slots, but
// for those that are kept for others.
std::string liveness(const Ledger& ledger, const Keeps& keeps, Micros unix_now) {
  std::set<WorkerId> kept;  // for those whose turn comes first
  for (const auto& [order, id] : ledger.workloads.turns()) {
    const auto& workload = *ledger.workloads.find(id);
    for (const auto& [worker_id, worker] : ledger.workers.all()) {
      const auto need = slots_at(workload, worker, unix_now);
      if (need > 0 && need <= worker.free() && !kept.contains(worker_id))
        return fmt::format("{} starves while workload {} waits", to_string(worker_id),
                           to_string(id));
    }
    if (const auto own = keeps.find(id); own != keeps.end())
      kept.insert(own->second.begin(), own->second.end());
  }
  for (const auto& [id, busy] : ledger.workers.all()) {
    if (busy.over() == 0 || busy.retracting) continue;
    for (const auto& [task, held] : busy.in_order()) {
      if (held.started || held.slots == 0 || busy.slots_up_to(held.order) <= busy.slots()) continue;
      const auto& workload = *ledger.workloads.find(task.workload);
      if (workload.is_cancelled(task.index)) continue;
      for (const auto& [other_id, other] : ledger.workers.all()) {
        const auto need = slots_at(workload, other, unix_now);
        if (need == 0 || need > other.free() || kept.contains(other_id)) continue;
        bool asked = false;  // another's tasks may be on their way to it already
        for (const auto& [third_id, third] : ledger.workers.all()) asked |= third.retracting;
        if (!asked)
          return fmt::format("{} starves while task {} waits at {}", to_string(other_id),
                             to_string(task), to_string(id));
      }
    }
  }
  return {};
}

}  // namespace

std::string Core::State::broken() const {
  if (auto what = books(ledger); !what.empty()) return what;
  if (auto what = gangs_broken(); !what.empty()) return what;
  if (auto what = fleet.broken(); !what.empty()) return what;
  if (auto what = order(ledger); !what.empty()) return what;
  if (auto what = relays_broken(); !what.empty()) return what;
  if (!stop_asked && !loaded && to_gather.empty()) {
    if (auto what = liveness(ledger, keeps, unix_now); !what.empty()) return what;
    if (auto what = waiting_gangs_broken(); !what.empty()) return what;
    if (auto what = pinned(ledger); !what.empty()) return what;
    if (auto what = shrinks(ledger, fleet); !what.empty()) return what;
  }
  if (!stop_asked && !loaded) {
    if (auto what = leaving(ledger); !what.empty()) return what;
    if (auto what = bounds(fleet); !what.empty()) return what;
  }
  for (const auto& [id, worker] : ledger.workers.all())
    if (!worker.gone && !disk_hangs && silence_at > silent_at(worker))
      return "nobody watches for the silence of " + to_string(id);
  if (!quit && stop_asked && !deadline()) return "the cluster stops, and nothing will end it";
  for (const auto& follower : followers)
    if (ledger.workloads.ended(follower.workload))
      return "a client still waits for the finished workload " + to_string(follower.workload);
  return {};
}

}  // namespace pcluster
