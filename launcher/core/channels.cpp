// Channels: what their programs write goes on to the client that feeds their workload, and that is
// told what becomes of each attempt.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

constexpr int orphans_patience = 2;  // times that of workers, which come back by themselves

const Held* held_at(const Worker* worker, const AttemptId& attempt) {
  if (worker == nullptr) return nullptr;
  const auto found = worker->held.find(attempt.task);
  const bool same = found != worker->held.end() && found->second.number == attempt.number &&
                    found->second.epoch == attempt.epoch;
  return same ? &found->second : nullptr;
}

ChannelState lost_state(const AttemptId& attempt, bool cancelled, const std::string& why) {
  ChannelState over;
  over.attempt = attempt;
  over.state = cancelled ? TaskState::cancelled : TaskState::lost;
  over.again = !cancelled;
  over.message = why;
  return over;
}

ChannelState state_of(const TaskResult& result, bool again) {
  ChannelState over;
  over.attempt = result.attempt;
  over.state = result.state;
  over.exit_code = result.exit_code;
  over.signal = result.signal;
  over.message = result.message;
  over.again = again;
  return over;
}

}  // namespace

bool Core::State::fed(WorkloadId workload) const {
  return std::ranges::any_of(
      followers, [&](const auto& one) { return one.feeds && one.workload == workload; });
}

// Until its client is known to have heard of the attempt they go the way of the answers, behind
// what is not on disk yet; then at once.  No client gets a gap, nor anything twice that it did not
// ask for.
void Core::State::on(Turn& turn, Worker& worker, const ChannelBytes& said) {
  if (held_at(&worker, said.attempt) == nullptr) return;
  for (auto& follower : followers) {
    if (!follower.feeds || follower.workload != said.attempt.task.workload) continue;
    auto& stream = follower.streams[said.attempt];
    const auto next = said.at + said.bytes.size();
    if (said.at > stream.next || (next <= stream.next && !said.end)) continue;
    stream.next = next;
    (stream.at_once ? turn.out.now : turn.out.after)
        .push_back(effect::SendClient{follower.client, said});
  }
}

Reply Core::State::answer(Turn& turn, ClientId client, const ChannelTaken& said) {
  const auto* worker = ledger.workers.holder(said.attempt);
  auto taken = said;
  for (auto& follower : followers) {
    if (follower.client != client || follower.workload != said.attempt.task.workload) continue;
    follower.feeds = true;
    if (worker == nullptr) continue;
    auto& stream = follower.streams[said.attempt];
    // What went before may wait for the disk still, and what follows would overtake it.
    if (!std::exchange(stream.at_once, true) && stream.next > said.have) taken.again = true;
    stream.next = taken.again ? said.have : std::max(stream.next, said.have);
    stream.taken = said;
    stream.taken.again = false;
  }
  if (worker != nullptr)
    send(worker->ready ? turn.out.now : turn.out.after, *worker, std::move(taken));
  return Accepted{};
}

// What was said while a worker was away.
void Core::State::repeat_taken(Turn& turn, const Worker& worker) const {
  for (const auto& follower : followers)
    for (const auto& [attempt, stream] : follower.streams)
      if (stream.at_once && held_at(&worker, attempt) != nullptr)
        send(turn.out.after, worker, stream.taken);
}

void Core::State::channel_runs(Turn& turn, const Worker& worker, const AttemptId& attempt) {
  for (const auto& follower : followers) {
    if (!follower.feeds || follower.workload != attempt.task.workload) continue;
    if (!ledger.workloads.find(follower.workload)->spec.task.channel) return;
    turn.out.after.push_back(
        effect::SendClient{follower.client, ChannelState{attempt, worker.id(), worker.who.host}});
  }
}

// Of a client that comes back: all that run.
void Core::State::tell_channels(Turn& turn, const Follower& follower) const {
  for (const auto id : ledger.workers.who_knows(follower.workload)) {
    const auto& worker = *ledger.workers.find(id);
    auto held = worker.held.lower_bound({follower.workload, 0});
    for (; held != worker.held.end() && held->first.workload == follower.workload; ++held)
      if (held->second.started)
        turn.out.after.push_back(effect::SendClient{
            follower.client,
            ChannelState{
                {held->first, held->second.number, held->second.epoch}, id, worker.who.host}});
  }
}

void Core::State::channel_over(Turn& turn, ChannelState over, WorkerId at) {
  const auto workload = over.attempt.task.workload;
  const auto* worker = ledger.workers.find(at);
  over.worker = at;
  if (worker != nullptr) over.host = worker->who.host;
  for (auto& follower : followers) {
    if (!follower.feeds || follower.workload != workload) continue;
    follower.streams.erase(over.attempt);
    turn.out.after.push_back(effect::SendClient{follower.client, over});
  }
}

// Before the record changes the ledger.
void Core::State::end_channels(Turn& turn, const Record& record) {
  const auto channel = [&](WorkloadId id) -> const Workload* {
    const auto* workload = ledger.workloads.find(id);
    return workload != nullptr && workload->spec.task.channel && fed(id) ? workload : nullptr;
  };
  const auto lost = [&](const AttemptId& attempt, WorkerId at) {
    if (const auto* workload = channel(attempt.task.workload))
      channel_over(turn, lost_state(attempt, workload->is_cancelled(attempt.task.index), turn.why),
                   at);
  };
  if (const auto* settled = std::get_if<TaskSettled>(&record)) {
    if (channel(settled->result.attempt.task.workload))
      channel_over(turn, state_of(settled->result, false), settled->worker);
  } else if (const auto* failed = std::get_if<TaskFailedOnce>(&record)) {
    const auto& task = failed->result.attempt.task;
    if (const auto* workload = channel(task.workload))
      channel_over(turn, state_of(failed->result, !workload->is_cancelled(task.index)),
                   failed->worker);
  } else if (const auto* gone = std::get_if<TaskLost>(&record)) {
    if (!channel(gone->attempt.task.workload)) return;
    auto over = lost_state(gone->attempt, false, gone->reason.empty() ? turn.why : gone->reason);
    over.again = false;
    channel_over(turn, std::move(over), gone->worker);
  } else if (const auto* back = std::get_if<TasksReturned>(&record)) {
    for (const auto& attempt : back->attempts) {
      const auto* worker = ledger.workers.holder(attempt);
      const auto* held = held_at(worker, attempt);
      if (held != nullptr && (held->started || attempt.epoch != epoch)) lost(attempt, worker->id());
    }
  } else if (const auto* away = std::get_if<WorkerGone>(&record)) {
    const auto* worker = ledger.workers.find(away->worker);
    if (worker == nullptr) return;
    for (const auto& [task, held] : worker->held)
      lost({task, held.number, held.epoch}, worker->id());
    for (const auto& [attempt, part] : worker->lent) lost(attempt, part.head);
  } else if (const auto* cancelled = std::get_if<WorkloadCancelled>(&record)) {
    cancel_waiting_channels(turn, *cancelled);
  }
}

// Those that wait will never run.
void Core::State::cancel_waiting_channels(Turn& turn, const WorkloadCancelled& record) {
  const auto* workload = ledger.workloads.find(record.workload);
  if (workload == nullptr || !workload->spec.task.channel || !fed(record.workload)) return;
  const auto drop = [&](std::uint32_t index) {
    const AttemptId next{{record.workload, index}, workload->queue.only(index).number, epoch};
    channel_over(turn, lost_state(next, true, "cancelled before it started"), {});
  };
  for (const auto index : record.only)
    if (workload->queue.contains(index)) drop(index);
  if (!record.only.empty()) return;
  for (const auto& [first, count] : workload->queue.waiting().runs())
    for (auto index = first; index < first + count; ++index) drop(index);
}

// A launcher that begins waits for the clients of those that its forerunner left.
void Core::State::expect_clients(Time now) {
  for (const auto& [id, workload] : ledger.workloads.all())
    if (workload.spec.task.channel && !workload.finished())
      orphans_at = now + orphans_patience * policy.comeback;
}

void Core::State::cancel_orphans(Turn& turn) {
  if (!orphans_at || turn.now < *orphans_at) return;
  orphans_at.reset();
  for (const auto& [id, workload] : ledger.workloads.all())
    if (workload.spec.task.channel && !workload.finished() && !workload.cancel_asked && !fed(id))
      cancel(turn, workload, {}, false);
}

}  // namespace pcluster
