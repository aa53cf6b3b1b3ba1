// Who has which task.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/ledger.hpp"

#include <algorithm>
#include <utility>

namespace pcluster {

void Ledger::apply(const Record& record) {
  std::visit([this](const auto& one) { on(one); }, record);
}

void Ledger::load_trials(Workload& workload, TrialLines lines) {
  workload.spec.trials = std::move(lines);
  workloads.changed(workload);
}

bool Ledger::may_resume(const AttemptId& attempt) const {
  const auto* workload = workloads.find(attempt.task.workload);
  // An older epoch may have given this number to a workload that never became durable.
  return workload != nullptr && attempt.epoch >= workload->epoch &&
         workload->queue.may_resume(attempt);
}

void Ledger::on(const EpochBegan& record) { epoch_ = record.epoch; }

void Ledger::on(const WorkerJoined& record) { workers.join(record); }

void Ledger::on(const WorkerGone& record) {
  auto* worker = workers.find(record.worker);
  if (worker == nullptr) return;
  worker->gone = true;
  const auto held = std::exchange(worker->held, {});
  worker->load = 0;
  workers.disconnect(*worker);
  for (const auto& [task, what] : held) {
    auto* workload = workloads.find(task.workload);
    if (workload == nullptr) continue;
    --workload->running;
    put_back(*workload, {task, what.number, what.epoch}, TaskQueue::Why::lost);
  }
}

void Ledger::on(const WorkloadAdded& record) { workloads.add(record, epoch_); }

void Ledger::on(const WorkloadCancelled& record) {
  auto* workload = workloads.find(record.workload);
  if (workload == nullptr || workload->finished()) return;
  if (record.only.empty()) {
    workload->cancel_asked = true;
    workload->by_failures = workload->by_failures || record.by_failures;
    workload->cancelled += workload->queue.clear();
  }
  for (const auto index : record.only) {
    if (workload->queue.drop(index))
      ++workload->cancelled;
    else
      workload->cancel_tasks.insert(index);
  }
  workloads.changed(*workload);
}

void Ledger::on(const TasksAssigned& record) {
  auto* worker = workers.find(record.worker);
  auto* workload = workloads.find(record.workload);
  if (worker == nullptr || workload == nullptr || record.count == 0) return;
  const auto& who = worker->who;
  const auto slots =
      workload->pinned() ? 0 : std::max(1u, slots_for(workload->spec.task, who.size, who.slots));
  const bool whole = workload->queue.contains(Range{record.first, record.count});
  if (whole) workload->queue.take({record.first, record.count}, record.number);
  for (auto index = record.first; index < record.first + record.count; ++index) {
    if (!whole) {
      if (!workload->queue.contains(index)) continue;
      workload->queue.take({index, 1}, record.number);
    }
    workers.hold(*worker, {record.workload, index}, {record.number, record.epoch, slots});
    ++workload->running;
  }
  worker->knows.insert(record.workload);
  workers.changed(*worker);
  workloads.changed(*workload);
}

void Ledger::on(const TasksReturned& record) {
  for (const auto& attempt : record.attempts) {
    auto* workload = pick_up(attempt, workers.holder(attempt));
    if (workload != nullptr) put_back(*workload, attempt, TaskQueue::Why::returned);
  }
}

void Ledger::on(const TaskSettled& record) {
  const auto& result = record.result;
  auto* worker = workers.find(record.worker);
  auto* workload = pick_up(result.attempt, worker);
  if (workload == nullptr) return;
  if (worker != nullptr) ++worker->tasks_done;
  workload->queue.settled(result.attempt.task.index);
  if (result.state != TaskState::cancelled)
    workload->walls.add(result.end_unix - result.start_unix);
  if (result.state == TaskState::done)
    ++workload->done;
  else if (result.state == TaskState::cancelled)
    ++workload->cancelled;
  else
    ++workload->failed;
  if (workload->tasks == 1) {
    workload->first_exit_code = result.exit_code;
    workload->first_signal = result.signal;
  }
  workloads.changed(*workload);
}

void Ledger::on(const TaskFailedOnce& record) {
  auto* workload = pick_up(record.result.attempt, workers.find(record.worker));
  if (workload != nullptr) put_back(*workload, record.result.attempt, TaskQueue::Why::failed);
}

void Ledger::on(const TaskLost& record) {
  auto* workload = pick_up(record.attempt, workers.find(record.worker));
  if (workload == nullptr) return;
  workload->queue.settled(record.attempt.task.index);
  ++workload->failed;
  workloads.changed(*workload);
}

Workload* Ledger::pick_up(const AttemptId& attempt, Worker* worker) {
  auto* workload = workloads.find(attempt.task.workload);
  if (workload == nullptr) return nullptr;
  if (worker != nullptr && workers.release(*worker, attempt)) {
    --workload->running;
    return workload;
  }
  const Range one{attempt.task.index, 1};
  if (!workload->queue.contains(one)) return nullptr;
  workload->queue.take(one, attempt.number);
  return workload;
}

// A cancelled task has no second try: to give it back settles it.
void Ledger::put_back(Workload& workload, const AttemptId& attempt, TaskQueue::Why why) {
  if (workload.is_cancelled(attempt.task.index)) {
    workload.queue.settled(attempt.task.index);
    ++workload.cancelled;
  } else {
    workload.queue.put_back(attempt, why);
  }
  workloads.changed(workload);
}

}  // namespace pcluster
