// A placement becomes records and messages: ranges out, waiting tasks back, finished work
// forgotten (gangs: lending.cpp).  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <map>

#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

constexpr std::size_t assign_bytes = max_frame / 8;  // far below what a frame may hold

constexpr std::size_t item_bytes = 64, trial_bytes = 8;  // of MessagePack, at most, besides text

std::size_t size_of(const Assignment& item) {
  std::size_t size = item_bytes;
  for (const auto& trial : item.trials) size += trial.size() + trial_bytes;
  return size;
}

// As much of it as one message may hold; a trial alone always fits (max_trial).
Run cut_to_size(const Workload& workload, Run run) {
  if (workload.lines.empty()) return run;
  std::size_t size = 0;
  std::uint32_t count = 0;
  while (count < run.range.count && size < assign_bytes)
    size += workload.lines[run.range.first + count++].size() + trial_bytes;
  run.range.count = count;
  return run;
}

}  // namespace

Assignment to_message(const Workload& workload, const Run& run) {
  Assignment item{workload.id, run.range.first, run.range.count, run.number, {}, {}, {}};
  if (const auto* range = std::get_if<TrialRange>(&workload.spec.trials)) item.range = *range;
  if (workload.lines.empty()) return item;
  item.trials.reserve(run.range.count);
  for (auto i = run.range.first; i < run.range.end(); ++i)
    item.trials.emplace_back(workload.lines[i]);
  return item;
}

Micros Core::State::pace() const { return ledger.workers.ready_workers() * policy.report_share; }

void Core::State::give_pinned(Turn& turn, const Pin& pin) {
  auto& worker = *ledger.workers.find(pin.worker);
  const auto& workload = *ledger.workloads.find(pin.workload);
  define(turn, worker, workload);
  const auto run = workload.queue.only(pin.index);
  Assign message{epoch, {}, pace()};
  message.items.push_back(to_message(workload, run));
  commit(turn, TasksAssigned{pin.worker, pin.workload, pin.index, 1, run.number, epoch, {}});
  worker.held[{pin.workload, pin.index}].given_unix = turn.unix_now;
  send(turn.out.now, worker, std::move(message));
  if (const auto* job = fleet.job(worker.who.job_id)) fleet.worked(job->pool, turn.now);
}

void Core::State::define(Turn& turn, Worker& worker, const Workload& workload) {
  if (worker.defined.insert(workload.id).second)
    send(turn.out.now, worker, Define{workload.id, workload.spec.task});
}

// The parts before what else is given: each worker's messages in the order of its ledger.
void Core::State::assign(Turn& turn) {
  const auto placement = place(ledger, policy, turn.spoke, keeps, turn.unix_now);
  keep(placement.keeps);
  for (const auto& gang : placement.gangs) give_gang(turn, gang);
  for (const auto& pin : placement.pins) give_pinned(turn, pin);
  std::map<WorkerId, std::vector<std::pair<WorkloadId, std::uint32_t>>> by_worker;
  for (const auto& give : placement.gives)
    by_worker[give.worker].emplace_back(give.workload, give.count);
  for (const auto& [id, gives] : by_worker) assign(turn, *ledger.workers.find(id), gives);
  for (const auto& back : placement.take_back) {
    auto& worker = *ledger.workers.find(back.worker);
    worker.retracting = true;
    ledger.workers.changed(worker);
    send(turn.out.now, worker, Retract{back.attempts});
  }
}

void Core::State::assign(Turn& turn, Worker& worker,
                         const std::vector<std::pair<WorkloadId, std::uint32_t>>& gives) {
  Assign message{epoch, {}, pace()};
  std::size_t bytes = 0;
  for (auto [workload_id, count] : gives) {
    const auto& workload = *ledger.workloads.find(workload_id);
    define(turn, worker, workload);
    while (count > 0) {
      const auto run = cut_to_size(workload, workload.queue.next(count));
      if (run.range.count == 0) break;
      count -= run.range.count;
      message.items.push_back(to_message(workload, run));
      commit(
          turn,
          TasksAssigned{
              worker.id(), workload_id, run.range.first, run.range.count, run.number, epoch, {}});
      auto held = worker.held.lower_bound({workload_id, run.range.first});
      for (; held != worker.held.end() && held->first < TaskId{workload_id, run.range.end()};
           ++held)
        held->second.given_unix = turn.unix_now;
      bytes += size_of(message.items.back());
      if (bytes < assign_bytes) continue;
      send(turn.out.now, worker, std::exchange(message, Assign{epoch, {}, pace()}));
      bytes = 0;
    }
  }
  if (!message.items.empty()) send(turn.out.now, worker, std::move(message));
  if (const auto* job = fleet.job(worker.who.job_id)) fleet.worked(job->pool, turn.now);
}

void Core::State::forget_finished(Turn& turn) {
  for (const auto id : ledger.workloads.take_finished()) {
    for (const auto worker_id : ledger.workers.who_knows(id)) {
      auto& worker = *ledger.workers.find(worker_id);
      if (!worker.link || !ledger.workers.forgets(worker, id)) continue;
      worker.defined.erase(id);
      send(turn.out.after, worker, Forget{id});
    }
  }
}

}  // namespace pcluster
