// Who comes home: new workers, and those that were here before.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "launcher/core/state.hpp"

namespace pcluster {

void Core::State::on(Turn& turn, const event::WorkerSaid& said) {
  if (const auto* first = std::get_if<Hello>(&said.message)) return hello(turn, said.link, *first);
  auto* worker = ledger.workers.find(said.link);
  if (worker == nullptr) return;  // a late word on a connection that was replaced
  worker->heard = turn.now;  // earlier than before, perhaps: wake() may have moved that past now
  watch(*worker);
  turn.spoke.insert(worker->id());
  const bool known = worker->ready && !worker->doubted;
  turn.idle = known && std::holds_alternative<Heartbeat>(said.message);
  turn.passes = known && (std::holds_alternative<ChannelBytes>(said.message) ||
                          std::holds_alternative<InputWanted>(said.message));
  worker->doubted = false;
  if (!worker->ready && !worker->leaving) {
    // It answers: its Welcome has arrived, and with that its number is durable.
    worker->ready = true;
    ledger.workers.changed(*worker);
    watch(*worker);
  }
  std::visit([&](const auto& message) { on(turn, *worker, message); }, said.message);
}

void Core::State::hello(Turn& turn, LinkId link, const Hello& hello) {
  if (hello.version != protocol_version) return refuse_version(turn, link, hello);
  if (hello.last_epoch > epoch) {
    // A newer launcher has taken this cluster over: the worker is not ours to command.
    turn.out.now.push_back(effect::DropWorker{link, "it follows a newer launcher"});
    return;
  }
  if (fleet.submit(hello.token) == nullptr)
    return refuse(turn, link,
                  fmt::format("no submit of this cluster has the token {}", hello.token));
  if (!bury(turn, link, hello)) return;
  auto& worker = admit(turn, hello);
  disconnect(turn, worker);
  ledger.workers.connect(worker, link);
  fleet.came_home(worker.who.job_id, turn.now);
  worker.heard = turn.now;
  watch(worker);
  worker.ends_said = hello.ends_unix;
  note_end(worker);
  if (const auto* job = fleet.job(worker.who.job_id)) worker.pool = job->pool;
  if (const auto* pool = fleet.pool(worker.pool))
    worker.job_alone = !pool->asked.spec.mpi.span_jobs;
  mark_draining(turn, worker);
  welcome(turn, worker, hello);
}

// The worker before it, below the same guard, was killed: what ran there is lost now, and not when
// it has been silent for long.  False: this one was.
bool Core::State::bury(Turn& turn, LinkId link, const Hello& hello) {
  auto* last = ledger.workers.last_below_guard_of(hello.incarnation);
  if (last == nullptr) return true;
  if (comes_before(hello.incarnation, last->who.incarnation)) {
    turn.out.now.push_back(effect::DropWorker{link, "it is dead, another has taken its place"});
    return false;
  }
  if (last->gone || !comes_before(last->who.incarnation, hello.incarnation)) return true;
  if (last->link)
    turn.out.now.push_back(effect::DropWorker{*last->link, "another has taken its place"});
  lose(turn, *last, "its process was killed", true);
  return true;
}

// The listing knows of a limit that was changed since the job began.
void Core::State::note_end(Worker& worker) const {
  const auto* job = fleet.job(worker.who.job_id);
  worker.ends_unix = job != nullptr && job->end_unix > 0 ? job->end_unix : worker.ends_said;
}

void Core::State::refuse(Turn& turn, LinkId link, const std::string& reason) {
  turn.out.now.push_back(effect::SendWorker{link, StopWorker{reason}});
  turn.out.now.push_back(effect::DropWorker{link, reason});
}

// The launcher was upgraded meanwhile, or is older.  What runs there goes to others at once, and is
// no loss: nothing there was at fault.
void Core::State::refuse_version(Turn& turn, LinkId link, const Hello& hello) {
  const auto reason = fmt::format(
      "this worker speaks version {} of the protocol, the launcher {}: submit again with the "
      "launcher's own pcluster",
      hello.version, protocol_version);
  refuse(turn, link, reason);
  auto* known = ledger.workers.find(hello.incarnation);
  if (known == nullptr || known->gone) return;
  lose(turn, *known, reason, false);
  fleet.said_bye(hello.job_id, reason);
}

// The same process keeps its number, even when we had given it up.
Worker& Core::State::admit(Turn& turn, const Hello& hello) {
  auto* known = ledger.workers.find(hello.incarnation);
  if (known == nullptr || known->gone) {
    WorkerJoined joined{known != nullptr ? known->id() : ledger.workers.next(),
                        hello.token,
                        hello.job_id,
                        hello.host,
                        hello.incarnation,
                        hello.size,
                        std::max(1u, hello.slots),
                        turn.unix_now};
    // Its WorkerJoined may have been lost with a damaged journal: nobody else has this number.
    if (known == nullptr && hello.resumed && ledger.workers.find(*hello.resumed) == nullptr)
      joined.worker = *hello.resumed;
    commit(turn, joined);
    known = ledger.workers.find(joined.worker);
  } else if (known->link) {
    turn.out.now.push_back(effect::DropWorker{*known->link, "it has called again"});
  }
  known->confined = hello.confined;
  known->script_started_unix = hello.script_started_unix;
  known->addresses = hello.addresses;
  known->port = hello.port;
  known->relay_port = hello.relay_port;
  known->route = hello.route;
  return *known;
}

void Core::State::welcome(Turn& turn, Worker& worker, const Hello& hello) {
  auto unwelcome = reconcile(turn, worker, hello);
  Welcome words{worker.id(), epoch, policy.heartbeat, Welcome{}.orphan_timeout, {}};
  const auto* job = fleet.job(worker.who.job_id);
  if (const auto* pool = job == nullptr ? nullptr : fleet.pool(job->pool)) {
    words.orphan_timeout = pool->asked.orphan_timeout;
    words.mpi = pool->asked.spec.mpi;
  }
  // Not before its number is durable: no other worker may ever have it.
  send(turn.out.after, worker, words);
  if (!unwelcome.empty()) send(turn.out.after, worker, CancelTasks{std::move(unwelcome)});
  worker.ending_order = ledger.workers.order();  // what it brought along was not given now
  reconcile_lent(turn, worker, hello.lent);
  repeat_taken(turn, worker);
  for (const auto id : std::vector<WorkloadId>(worker.knows.begin(), worker.knows.end())) {
    const auto* workload = ledger.workloads.find(id);
    if (workload != nullptr && !workload->finished()) continue;
    send(turn.out.after, worker, Forget{id});
    ledger.workers.forgets(worker, id);
  }
  if (!stop_asked && !fleet.unwanted(worker.who.job_id)) return;
  fleet.cancel_job(worker.who.job_id, turn.out);
  stop(turn, worker, "its job is not wanted any more");
}

// Who has it in the journal and is not here, has lost it or given it back since, and a launcher
// died with the record of that.  The same attempt had never begun there.
void Core::State::take_from_absent(Turn& turn, const AttemptId& claimed) {
  for (const auto id : ledger.workers.who_knows(claimed.task.workload)) {
    const auto& other = *ledger.workers.find(id);
    const auto held = other.held.find(claimed.task);
    if (other.link || held == other.held.end() || !held->second.gang.empty()) continue;
    const AttemptId before{claimed.task, held->second.number, held->second.epoch};
    if (std::pair(before.epoch, before.number) > std::pair(claimed.epoch, claimed.number)) continue;
    return commit(turn, TasksReturned{{before}, before == claimed});
  }
}

// What the worker has, against what we think it has.  Returns what it must end.
std::vector<AttemptId> Core::State::reconcile(Turn& turn, Worker& worker, const Hello& hello) {
  std::set<AttemptId> known, has(hello.held.begin(), hello.held.end());
  for (const auto& [task, what] : worker.held) known.insert({task, what.number, what.epoch});
  const std::set<AttemptId> split(hello.split.begin(), hello.split.end());

  TasksReturned never_arrived;
  for (const auto& attempt : known)
    if (!has.contains(attempt)) never_arrived.attempts.push_back(attempt);
  if (!never_arrived.attempts.empty()) commit(turn, never_arrived);

  std::vector<AttemptId> to_end;
  for (const auto& attempt : has) {
    if (!known.contains(attempt) && !split.contains(attempt)) take_from_absent(turn, attempt);
    const auto* workload = ledger.workloads.find(attempt.task.workload);
    if (known.contains(attempt)) {
      if (workload != nullptr && workload->is_cancelled(attempt.task.index))
        to_end.push_back(attempt);  // told once, perhaps on the lost connection
    } else if (ledger.may_resume(attempt) && !split.contains(attempt)) {
      commit(turn, TasksAssigned{worker.id(),
                                 attempt.task.workload,
                                 attempt.task.index,
                                 1,
                                 attempt.number,
                                 attempt.epoch,
                                 {}});
    } else {
      to_end.push_back(attempt);
    }
  }
  return to_end;
}

}  // namespace pcluster
