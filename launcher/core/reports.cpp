// What workers say, and what it means when they say nothing.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

constexpr int unwelcomed_patience = 8;       // times the silence of a welcomed worker
constexpr std::size_t others_of_a_turn = 4;  // records, besides those of results

struct Out {  // a task, or a part of one
  AttemptId attempt;
  WorkerId head{};
  std::uint32_t slots = 0;
  bool started = false;
};

// What a worker has, as it starts it: what it said that it had started first.
std::vector<Out> out_at(const Worker& worker, const Workers& workers) {
  std::map<std::pair<bool, std::uint64_t>, Out> out;
  for (const auto& [task, held] : worker.held)
    out[{!held.started, held.order}] = {
        {task, held.number, held.epoch}, worker.id(), held.slots, held.started};
  for (const auto& [attempt, part] : worker.lent) {
    const bool started = workers.find(part.head)->held.at(attempt.task).started;
    out[{!started, part.order}] = {attempt, part.head, part.slots, started};
  }
  std::vector<Out> in_order;
  for (auto& [when, one] : out) in_order.push_back(one);
  return in_order;
}

}  // namespace

Time Core::State::silent_at(const Worker& worker) const {
  return worker.heard + policy.worker_silence * (unwelcomed(worker) ? unwelcomed_patience : 1);
}

void Core::State::on(Turn& turn, Worker& worker, const Report& report) {
  for (const auto& attempt : report.started) {
    const auto found = worker.held.find(attempt.task);
    if (found == worker.held.end() || found->second.number != attempt.number) continue;
    if (!std::exchange(found->second.started, true))
      channel_runs(turn, worker, {attempt.task, attempt.number, found->second.epoch});
  }
  std::set<WorkloadId> touched;
  turn.out.append.reserve(turn.out.append.size() + report.results.size() + others_of_a_turn);
  for (const auto& one : report.results) {
    result(turn, worker, one);
    touched.insert(one.attempt.task.workload);
  }
  stop_failing(turn, touched);
  // It may forget them once they, or what made them void, are durable.
  if (!report.results.empty()) send(turn.out.after, worker, Ack{report.sequence});
  if (const auto* job = fleet.job(worker.who.job_id)) fleet.worked(job->pool, turn.now);
}

// Those with max_failures tasks failed or lost.
void Core::State::stop_failing(Turn& turn, const std::set<WorkloadId>& touched) {
  for (const auto id : touched) {
    const auto* workload = ledger.workloads.find(id);
    if (workload == nullptr || workload->cancel_asked || workload->finished()) continue;
    const auto most = workload->spec.max_failures;
    if (most > 0 && workload->failed >= most) cancel(turn, *workload, {}, true);
  }
}

// Counts only for the attempt that is out at this very worker.
void Core::State::result(Turn& turn, Worker& worker, const TaskResult& result) {
  const auto& attempt = result.attempt;
  const auto held = worker.held.find(attempt.task);
  const auto* workload = ledger.workloads.find(attempt.task.workload);
  if (held == worker.held.end() || workload == nullptr) return;
  if (held->second.number != attempt.number || held->second.epoch != attempt.epoch) return;
  const bool cancelled = workload->is_cancelled(attempt.task.index);
  if (result.state == TaskState::cancelled && !cancelled) {
    commit(turn, TasksReturned{{attempt}});  // nobody asked for that here
    return;
  }
  if (result.state == TaskState::done || cancelled) {
    auto last = result;
    if (last.state == TaskState::lost) last.state = TaskState::cancelled;  // the two have crossed
    commit(turn, TaskSettled{std::move(last), worker.id()});
    return;
  }
  const History none, *known = workload->queue.history(attempt.task.index);
  const auto& history = known == nullptr ? none : *known;
  const bool lost = result.state == TaskState::lost;
  if (lost) doubt(result.unreachable);
  if (lost ? history.losses < workload->spec.loss_retries
           : history.failures < workload->spec.retries)
    commit(turn, TaskFailedOnce{result, worker.id()});
  else
    commit(turn, TaskSettled{result, worker.id()});
}

// Its gang's head could not reach them: no other gang should try before they have spoken again.
void Core::State::doubt(const std::vector<WorkerId>& unreachable) {
  for (const auto id : unreachable)
    if (auto* worker = ledger.workers.find(id)) worker->doubted = true;
}

void Core::State::on(Turn& turn, Worker& worker, const Returned& returned) {
  worker.retracting = false;
  ledger.workers.changed(worker);
  ledger.workers.likely_holder(worker.id());
  TasksReturned back{{}, true};
  for (const auto& attempt : returned.attempts) {
    const auto held = worker.held.find(attempt.task);
    if (held != worker.held.end() && held->second.number == attempt.number &&
        held->second.epoch == attempt.epoch)
      back.attempts.push_back(attempt);
  }
  if (!back.attempts.empty()) commit(turn, back);
}

// Answered, so that the worker too knows a dead connection from an idle one.
void Core::State::on(Turn& turn, Worker& worker, const Heartbeat&) {
  send(turn.out.now, worker, Ack{0});
}

// In order with the answers: its client has been told of the workload by then.
void Core::State::on(Turn& turn, Worker&, const InputWanted& wanted) {
  for (const auto& follower : followers)
    if (follower.workload == wanted.attempt.task.workload)
      turn.out.after.push_back(effect::SendClient{follower.client, wanted});
}

// Its job is about to end: it takes nothing more and gives back what waits there by itself; what
// runs may end in time.  Said again on every connection.
void Core::State::on(Turn& turn, Worker& worker, const Leaving& leaving) {
  if (worker.ending.empty()) worker.ending_order = ledger.workers.order();
  worker.ending = leaving.reason.empty() ? "its job ends" : leaving.reason;
  if (leaving.within > 0 && worker.ends_unix == 0) {
    worker.ends_said = turn.unix_now + leaving.within;
    note_end(worker);
  }
  mark_draining(turn, worker);
  hand_back_waiting_gangs(turn, worker);
}

// Those whose head has not begun would begin only to be ended.
void Core::State::hand_back_waiting_gangs(Turn& turn, const Worker& worker) {
  TasksReturned back;
  std::vector<std::pair<AttemptId, WorkerId>> waiting;
  for (const auto& [attempt, part] : worker.lent) {
    const auto& head = *ledger.workers.find(part.head);
    const auto& workload = *ledger.workloads.find(attempt.task.workload);
    if (head.held.at(attempt.task).started || workload.is_cancelled(attempt.task.index)) continue;
    back.attempts.push_back(attempt);
    waiting.emplace_back(attempt, part.head);
  }
  for (const auto& [attempt, id] : waiting) {
    const auto& head = *ledger.workers.find(id);
    send(head.ready ? turn.out.now : turn.out.after, head, CancelTasks{{attempt}});
  }
  if (!back.attempts.empty()) commit(turn, back);
}

// It leaves of its own will, or with its job: nobody's fault, so no try is used up.  What it hands
// back is all that it had; what was on its way to it goes back as well.
void Core::State::on(Turn& turn, Worker& worker, const Bye& bye) {
  const auto job_id = worker.who.job_id;
  lose(turn, worker, bye.reason, false);
  fleet.said_bye(job_id, bye.reason);
}

void Core::State::on(Turn& turn, const event::WorkerCut& cut) {
  auto* worker = ledger.workers.find(cut.link);
  if (worker == nullptr) return;
  if (unwelcomed(*worker)) worker->heard = turn.now;
  disconnect(turn, *worker);  // it may come back: silence decides
  watch(*worker);
}

void Core::State::disconnect(Turn& turn, Worker& worker) {
  if (!worker.link) return;
  fleet.left_home(worker.who.job_id, turn.now);
  ledger.workers.disconnect(worker);
}

// Its tasks go to others, and the gangs with a part there.  Only what ran can have been the cause:
// with that a loss counts, and what has had too many is lost for good.  What is neither given back
// nor lost here, WorkerGone puts back as a loss.
void Core::State::lose(Turn& turn, Worker& worker, const std::string& reason, bool blame) {
  turn.why =
      fmt::format("worker {} {}: {}", to_string(worker.id()), blame ? "was lost" : "left", reason);
  TasksReturned back;
  std::vector<TaskLost> lost;
  std::uint32_t running = 0;
  for (const auto& [attempt, head, slots, started] : out_at(worker, ledger.workers)) {
    const auto& workload = *ledger.workloads.find(attempt.task.workload);
    if (workload.is_cancelled(attempt.task.index)) continue;
    running += slots;
    const bool part = head != worker.id();
    const bool ran = started || (!part && running <= worker.slots());
    const auto* history = workload.queue.history(attempt.task.index);
    const auto losses = history == nullptr ? 0 : history->losses;
    if (!workload.pinned() && (!blame || !ran))
      back.attempts.push_back(attempt);
    else if (workload.pinned() || losses >= workload.spec.loss_retries)
      lost.push_back({attempt, head,
                      part || workload.pinned()
                          ? fmt::format("worker {} was lost: {}", to_string(worker.id()), reason)
                          : ""});
  }
  cancel_gangs_at(turn, worker);
  if (!back.attempts.empty()) commit(turn, back);
  std::set<WorkloadId> touched;
  for (const auto& one : lost) {
    touched.insert(one.attempt.task.workload);
    commit(turn, one);
  }
  disconnect(turn, worker);
  commit(turn, WorkerGone{worker.id(), reason});
  turn.why.clear();
  stop_failing(turn, touched);
}

// Tasks that wait for one worker, and it will not come back.
void Core::State::lose_pinned(Turn& turn) {
  std::vector<TaskLost> lost;
  for (const auto id : ledger.workloads.pinned()) {
    const auto& workload = *ledger.workloads.find(id);
    for (const auto& [first, count] : workload.queue.waiting().runs())
      for (auto index = first; index < first + count; ++index) {
        const auto* worker = ledger.workers.find(workload.spec.on.at(index));
        if (worker != nullptr && !worker->gone && !worker->leaving) continue;
        lost.push_back(
            {{{id, index}, workload.queue.only(index).number, epoch},
             workload.spec.on.at(index),
             fmt::format("worker {} left before it ran", to_string(workload.spec.on.at(index)))});
      }
  }
  for (auto& one : lost) commit(turn, std::move(one));
}

// Looks at everyone, but only when the first could be silent: silence_at is a lower bound.  Before
// it is too long, a record shows whether the disk answers.
void Core::State::find_silent(Turn& turn) {
  std::vector<Worker*> silent;
  bool suspect = false;
  Time next = turn.now + std::max(policy.worker_silence, policy.comeback);
  for (auto& [id, worker] : ledger.workers.all()) {
    if (worker.gone) continue;
    if (silent_at(worker) <= turn.now) silent.push_back(&worker);
    const bool waits = suspect_at(worker) > turn.now;
    suspect = suspect || (!waits && worker.heard >= disk_tried);
    if (silent_at(worker) > turn.now)
      next = std::min(next, waits ? suspect_at(worker) : silent_at(worker));
  }
  silence_at = next;
  if (suspect) {
    disk_tried = turn.now;
    turn.out.append.emplace_back(ClockRead{turn.unix_now});
  }
  if (disk_hangs && !silent.empty()) {
    silence_at = turn.now + policy.heartbeat;
    return;
  }
  for (auto* worker : silent) {
    const auto reason = fmt::format("no word for {}", show_duration(turn.now - worker->heard));
    if (worker->link) turn.out.now.push_back(effect::DropWorker{*worker->link, reason});
    lose(turn, *worker, reason, true);
  }
}

}  // namespace pcluster
