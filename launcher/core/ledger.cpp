// Who has which task.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/ledger.hpp"

#include <algorithm>
#include <utility>

#include "launcher/core/gangs.hpp"

namespace pcluster {

void Ledger::apply(const Record& record) {
  std::visit([this](const auto& one) { on(one); }, record);
}

void Ledger::load_trials(Workload& workload, PackedLines lines) {
  workload.lines = std::move(lines);
  workloads.changed(workload);
}

bool Ledger::may_resume(const AttemptId& attempt) const {
  const auto* workload = workloads.find(attempt.task.workload);
  // An older epoch may have given this number to a workload that never became durable.
  return workload != nullptr && attempt.epoch >= workload->epoch &&
         workload->queue.may_resume(attempt);
}

bool Ledger::awaited(WorkerId worker) const {
  for (const auto id : workloads.pinned()) {
    const auto& workload = *workloads.find(id);
    for (const auto& [first, count] : workload.queue.waiting().runs())
      for (auto index = first; index < first + count; ++index)
        if (workload.spec.on.at(index) == worker) return true;
  }
  return false;
}

void Ledger::on(const EpochBegan& record) { epoch_ = record.epoch; }

void Ledger::on(const WorkerJoined& record) { workers.join(record); }

// What it held is lost, and the gangs with a part of theirs there are.
void Ledger::on(const WorkerGone& record) {
  auto* worker = workers.find(record.worker);
  if (worker == nullptr) return;
  workers.give_up(*worker);
  std::vector<std::pair<AttemptId, WorkerId>> lost;
  for (const auto& [task, what] : worker->held)
    lost.emplace_back(AttemptId{task, what.number, what.epoch}, worker->id());
  for (const auto& [attempt, part] : worker->lent) lost.emplace_back(attempt, part.head);
  for (const auto& [attempt, holder] : lost)
    if (auto* workload = pick_up(attempt, workers.find(holder)))
      put_back(*workload, attempt, TaskQueue::Why::lost);
  for (auto& [id, workload] : workloads.all()) workload.lose_gangs(record.worker);
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
  if (!all_here(record.gang) || (!record.gang.empty() && record.count != 1)) return;
  const auto slots = workload->pinned() ? 0
                     : !record.gang.empty()
                         ? record.gang.front().slots
                         : std::max(1u, slots_for(workload->spec.task, who.size, who.slots));
  const bool whole = workload->queue.contains(Range{record.first, record.count});
  if (whole) workload->queue.take({record.first, record.count}, record.number);
  for (auto index = record.first; index < record.first + record.count; ++index) {
    if (!whole) {
      if (!workload->queue.contains(index)) continue;
      workload->queue.take({index, 1}, record.number);
    }
    Held held{record.number, record.epoch, slots};
    held.gang = record.gang;
    workers.hold(*worker, {record.workload, index}, std::move(held));
    ++workload->running;
  }
  worker->given_priority = workload->spec.priority;
  workload->take_gang(record.gang);
  workers.learns(*worker, record.workload);
  workers.changed(*worker);
  workloads.changed(*workload);
}

void Ledger::on(const TasksReturned& record) {
  const auto why = record.unbegun ? TaskQueue::Why::unbegun : TaskQueue::Why::returned;
  for (const auto& attempt : record.attempts) {
    auto* workload = pick_up(attempt, workers.holder(attempt));
    if (workload != nullptr) put_back(*workload, attempt, why);
  }
}

void Ledger::on(const TaskSettled& record) {
  const auto& result = record.result;
  auto* worker = workers.find(record.worker);
  if (result.state == TaskState::done || result.state == TaskState::failed)
    remember_gang(result.attempt, worker);
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
  const bool lost = record.result.state == TaskState::lost;
  auto* worker = workers.find(record.worker);
  if (!lost) remember_gang(record.result.attempt, worker);
  auto* workload = pick_up(record.result.attempt, worker);
  if (workload == nullptr) return;
  put_back(*workload, record.result.attempt, lost ? TaskQueue::Why::lost : TaskQueue::Why::failed);
}

void Ledger::on(const TaskLost& record) {
  auto* workload = pick_up(record.attempt, workers.find(record.worker));
  if (workload == nullptr) return;
  workload->queue.settled(record.attempt.task.index);
  ++workload->failed;
  workloads.changed(*workload);
}

bool Ledger::all_here(const Gang& gang) const {
  return std::all_of(gang.begin(), gang.end(), [&](const GangShare& share) {
    const auto* worker = workers.find(share.worker);
    return worker != nullptr && !worker->gone;
  });
}

void Ledger::remember_gang(const AttemptId& attempt, const Worker* worker) {
  auto* workload = workloads.find(attempt.task.workload);
  if (worker == nullptr || workload == nullptr) return;
  const auto found = worker->held.find(attempt.task);
  if (found != worker->held.end() && found->second.number == attempt.number)
    workload->used(found->second.gang);
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
