// Gangs: what heads and parts are told when they begin and end, and when a worker comes back or is
// lost.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "launcher/core/state.hpp"

namespace pcluster {

// One task with all parts of its gang.
Assignment Core::State::gang_message(const Workload& workload, const Run& run,
                                     const Gang& gang) const {
  auto item = to_message(workload, run);
  for (const auto& share : gang) {
    const auto& worker = *ledger.workers.find(share.worker);
    item.gang.push_back({share.worker, share.ranks, share.slots, worker.who.host, worker.addresses,
                         worker.port, worker.confined});
  }
  return item;
}

void Core::State::give_gang(Turn& turn, const GiveGang& give) {
  const auto& workload = *ledger.workloads.find(give.workload);
  const auto run = workload.queue.next(1);
  const auto item = gang_message(workload, run, give.gang);
  auto& head = *ledger.workers.find(give.gang.front().worker);
  const TaskId task{workload.id, run.range.first};
  commit(turn, TasksAssigned{head.id(), workload.id, task.index, 1, run.number, epoch, give.gang});
  head.held[task].given_unix = turn.unix_now;
  for (const auto& share : give.gang) {
    auto& worker = *ledger.workers.find(share.worker);
    define(turn, worker, workload);
    if (&worker == &head)
      send(turn.out.now, worker, Assign{epoch, {item}, pace()});
    else
      send(turn.out.now, worker, Lend{epoch, item});
    if (const auto* job = fleet.job(worker.who.job_id)) fleet.worked(job->pool, turn.now);
  }
}

// Promises nobody anything, so at once, and before anything that is to have these slots.  Only a
// Welcome on its way goes first.
void Core::State::release_parts(Turn& turn) {
  std::map<WorkerId, Release> messages;
  for (const auto& [worker, attempt] : ledger.workers.take_released())
    messages[worker].attempts.push_back(attempt);
  for (auto& [id, message] : messages) {
    const auto& worker = *ledger.workers.find(id);
    send(worker.ready ? turn.out.now : turn.out.after, worker, std::move(message));
  }
}

// What a worker that comes back has lent, against what we think: told after its Welcome.  What it
// does not know was lost with the connection, and so was all that it was given after that.
void Core::State::reconcile_lent(Turn& turn, Worker& worker, const std::vector<AttemptId>& lent) {
  Release unknown;
  for (const auto& attempt : lent)
    if (!worker.lent.contains(attempt)) unknown.attempts.push_back(attempt);
  if (!unknown.attempts.empty()) send(turn.out.after, worker, std::move(unknown));
  std::map<std::uint64_t, AttemptId> missing;
  for (const auto& [attempt, part] : worker.lent)
    if (std::find(lent.begin(), lent.end(), attempt) == lent.end()) missing[part.order] = attempt;
  for (const auto& [order, attempt] : missing) {
    const auto& head = *ledger.workers.find(worker.lent.at(attempt).head);
    const auto& workload = *ledger.workloads.find(attempt.task.workload);
    const auto item = gang_message(workload, {{attempt.task.index, 1}, attempt.number},
                                   head.held.at(attempt.task).gang);
    send(turn.out.after, worker, Define{workload.id, workload.spec.task});
    send(turn.out.after, worker, Lend{attempt.epoch, item});
  }
}

// Its head would find out by itself, a little later: nothing of the attempt counts any more.
void Core::State::cancel_gangs_at(Turn& turn, const Worker& worker) {
  for (const auto& [attempt, part] : worker.lent) {
    const auto& head = *ledger.workers.find(part.head);
    send(head.ready ? turn.out.now : turn.out.after, head, CancelTasks{{attempt}});
  }
}

// Those that waited already keep their order: what was given later must be of an earlier turn.
void Core::State::keep(const Keeps& now) {
  std::map<WorkloadId, std::map<WorkerId, std::uint64_t>> since;
  for (const auto& [workload, workers] : now)
    for (const auto worker : workers) {
      const auto before = kept_since.find(workload);
      const bool known = before != kept_since.end() && before->second.contains(worker);
      since[workload][worker] = known ? before->second.at(worker) : ledger.workers.order();
    }
  keeps = now;
  kept_since = std::move(since);
}

}  // namespace pcluster
