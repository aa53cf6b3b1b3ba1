// What clients ask, what they are told, and the end of pools and of the cluster.  Pure: no clock,
// no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "launcher/core/capacity.hpp"
#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

bool same(const Progress& a, const Progress& b) {
  const auto all = [](const Progress& p) {
    return std::tie(p.queued, p.running, p.done, p.failed, p.cancelled, p.finished,
                    p.stopped_by_failures, p.slots, p.note);
  };
  return all(a) == all(b);
}

}  // namespace

// Every answer waits for what it promises to be durable.
void Core::State::on(Turn& turn, const event::ClientSaid& said) {
  auto reply = [&]() -> Reply {
    if (auto refusal = refuses(said.request)) return std::move(*refusal);
    return std::visit([&](const auto& one) { return answer(turn, said.client, one); },
                      said.request);
  }();
  turn.passes = std::holds_alternative<TaskInput>(said.request) ||
                std::holds_alternative<ChannelTaken>(said.request);  // these want no answer
  if (!turn.passes) turn.out.after.push_back(effect::SendClient{said.client, std::move(reply)});
}

// What reads a client's standard input, or talks to it, ends with it: nobody else has the rest.
void Core::State::on(Turn& turn, const event::ClientGone& gone) {
  std::vector<WorkloadId> left;
  for (const auto& follower : followers)
    if (follower.client == gone.client && follower.feeds) left.push_back(follower.workload);
  std::erase_if(followers, [&](const auto& one) { return one.client == gone.client; });
  for (const auto id : left) {
    const auto& workload = *ledger.workloads.find(id);
    if (!workload.finished() && !fed(id)) cancel(turn, workload, {}, false);
  }
}

Reply Core::State::answer(Turn& turn, ClientId, const SubmitJobs& asked) {
  auto named = asked;
  if (named.pool.empty()) named.pool = fleet.pool_for(asked.spec);
  return fleet.ask(named, turn.now, turn.unix_now, turn.out);
}

// More: as if the pool's own submit were repeated.
Reply Core::State::answer(Turn& turn, ClientId, const ScaleJobs& asked) {
  const auto& pool = asked.pool.empty() ? *fleet.only_pool() : *fleet.pool(asked.pool);
  const auto of = pool.asked;
  Scaled scaled;
  scaled.pool = of.name;
  scaled.jobs = asked.count;
  if (asked.automatic) return automate(turn, of.pool, asked);
  if (asked.count > 0 && asked.count >= fleet.living(of.pool)) {
    const auto accepted =
        fleet.ask({of.spec, asked.count, of.name, of.idle_timeout, of.orphan_timeout}, turn.now,
                  turn.unix_now, turn.out);
    scaled.token = accepted.token;
    scaled.new_jobs = accepted.new_jobs;
    return scaled;
  }
  fleet.ask_fewer(of.pool, asked.count, turn.out);
  const auto shrunk = shrink(turn, of.pool);
  scaled.cancelled = shrunk.cancelled;
  scaled.ending = shrunk.ending;
  scaled.draining = shrunk.draining;
  return scaled;
}

// What is above the most ends at once, as if that number had been asked for.
Scaled Core::State::automate(Turn& turn, PoolId id, const ScaleJobs& asked) {
  const auto before = fleet.living(id);
  fleet.automate(id, asked, turn.out);
  const auto shrunk = shrink(turn, id);
  adapt_next = 0;
  adapt(turn);
  const auto& now_is = fleet.pool(id)->asked;
  const auto living = fleet.living(id);
  return {now_is.name,      "",
          now_is.jobs,      living - std::min(living, before),
          shrunk.cancelled, shrunk.ending,
          shrunk.draining};
}

Reply Core::State::answer(Turn& turn, ClientId, const CancelJobs& asked) {
  fleet.cancel(asked, turn.out);
  return Accepted{};
}

Reply Core::State::answer(Turn& turn, ClientId client, const AddWorkload& asked) {
  const auto id = ledger.workloads.next();
  WorkloadAdded added{id, asked.spec, turn.unix_now};
  added.spec.task.beside = !asked.spec.on.empty();
  commit(turn, std::move(added));
  const bool feeds = asked.spec.task.input || asked.spec.task.channel;
  if (asked.follow) followers.push_back({client, id, turn.now, true, {}, feeds, false, {}});
  return WorkloadAccepted{id, ledger.workloads.find(id)->tasks};
}

// The first to follow channels whose launcher has died is the client that talks to them.
Reply Core::State::answer(Turn& turn, ClientId client, const Follow& asked) {
  const auto* workload = ledger.workloads.find(asked.workload);
  const bool back = workload != nullptr && workload->spec.task.channel && !fed(asked.workload);
  followers.push_back({client, asked.workload, turn.now, true, {}, back, back, {}});
  return Accepted{};
}

Reply Core::State::answer(Turn& turn, ClientId, const CancelWorkload& asked) {
  std::vector<std::uint32_t> only;
  if (asked.what.index) only.push_back(*asked.what.index);
  const auto* workload = ledger.workloads.find(asked.what.workload);
  if (workload != nullptr && !workload->finished()) cancel(turn, *workload, std::move(only), false);
  return Accepted{};
}

Reply Core::State::answer(Turn&, ClientId, const GetStatus&) { return status(); }

Reply Core::State::answer(Turn&, ClientId, const GetRunning& asked) {
  return running(asked.workload);
}

Reply Core::State::answer(Turn&, ClientId, const Ping&) { return Pong{PCLUSTER_VERSION}; }

Reply Core::State::answer(Turn&, ClientId, const Explain& asked) { return explain(asked.what); }

// Never kept here: what comes for an attempt that has ended is nobody's.
Reply Core::State::answer(Turn& turn, ClientId client, const TaskInput& input) {
  for (auto& follower : followers)  // one that came back to a new launcher
    if (follower.client == client && follower.workload == input.attempt.task.workload)
      follower.feeds = true;
  if (const auto* worker = ledger.workers.holder(input.attempt)) send(turn.out.now, *worker, input);
  return Accepted{};
}

Reply Core::State::answer(Turn& turn, ClientId, const StopCluster&) {
  Stopping reply{fleet.living(), 0};
  for (const auto& [id, worker] : ledger.workers.all()) reply.workers += worker.link ? 1 : 0;
  if (stop_asked) return reply;
  for (const auto& [id, workload] : ledger.workloads.all())
    if (!workload.finished()) commit(turn, WorkloadCancelled{id, {}, false});
  commit(turn, StopAsked{});
  stop_at = turn.now;
  for (auto& [id, worker] : ledger.workers.all())
    stop(turn, worker, "the cluster is being stopped");
  fleet.cancel_all(turn.out);
  return reply;
}

// To end a worker, a task or a job promises nobody anything: a full disk must not keep them alive.
// Only a Welcome on its way goes first.
void Core::State::stop(Turn& turn, Worker& worker, const std::string& reason) {
  send(worker.ready ? turn.out.now : turn.out.after, worker, StopWorker{reason});
  if (unwelcomed(worker)) worker.heard = turn.now;
  worker.leaving = true;
  worker.ready = false;
  ledger.workers.changed(worker);
  watch(worker);
}

void Core::State::cancel(Turn& turn, const Workload& workload, std::vector<std::uint32_t> only,
                         bool by_failures) {
  for (const auto id : ledger.workers.who_knows(workload.id)) {
    const auto& worker = *ledger.workers.find(id);
    CancelTasks message;
    auto held = worker.held.lower_bound({workload.id, 0});
    for (; held != worker.held.end() && held->first.workload == workload.id; ++held)
      if (only.empty() || std::find(only.begin(), only.end(), held->first.index) != only.end())
        message.attempts.push_back({held->first, held->second.number, held->second.epoch});
    auto& when = worker.ready ? turn.out.now : turn.out.after;
    if (!message.attempts.empty()) send(when, worker, std::move(message));
  }
  commit(turn, WorkloadCancelled{workload.id, std::move(only), by_failures});
}

// What a workload comes after has failed; and others may come after it.
void Core::State::cancel_doomed(Turn& turn) {
  while (!ledger.workloads.doomed().empty())
    cancel(turn, *ledger.workloads.find(*ledger.workloads.doomed().begin()), {}, false);
}

// Progress goes the way of the answers, so that none overtakes its workload's acceptance, and
// the last one is not told before it is durable.
void Core::State::tell(Turn& turn) {
  for (auto& follower : followers) {
    if (std::exchange(follower.comes_back, false)) tell_channels(turn, follower);
    auto now_is = progress(follower.workload);
    const bool first = follower.told.workload != follower.workload;
    follower.due = first || !same(now_is, follower.told);
    if (!follower.due || (turn.now < follower.next && !now_is.finished)) continue;
    follower.due = false;
    follower.next = turn.now + policy.progress;
    follower.told = now_is;
    turn.out.after.push_back(effect::SendClient{follower.client, std::move(now_is)});
  }
  std::erase_if(followers, [](const auto& one) { return one.told.finished; });
}

void Core::State::quit_when_empty(Turn& turn) {
  const auto& all = ledger.workers.all();
  const bool home = std::any_of(all.begin(), all.end(),
                                [](const auto& entry) { return entry.second.link.has_value(); });
  const auto waited = turn.now - stop_at;
  // A submit whose answer is out may have made jobs: better a little late than jobs left behind.
  const auto longest = fleet.open_submits() ? 6 * policy.stop_grace : home ? policy.stop_grace : 0;
  quit_at = stop_at + (waited < policy.stop_grace ? policy.stop_grace : 6 * policy.stop_grace);
  if (waited < longest) return;
  for (auto& [id, worker] : ledger.workers.all())
    if (!worker.gone) lose(turn, worker, "the cluster was stopped", false);
  quit = true;
  turn.out.after.emplace_back(effect::Quit{});
}

void Core::State::dismiss_idle(Turn& turn) {
  for (const auto* pool : fleet.idle(turn.now)) {
    if (has_work(*pool)) {
      fleet.worked(pool->asked.pool, turn.now);
      continue;
    }
    fleet.dismiss(*pool, turn.out);
    for (auto& [id, worker] : ledger.workers.all()) {
      const auto* job = fleet.job(worker.who.job_id);
      if (job != nullptr && job->pool == pool->asked.pool)
        stop(turn, worker, "its pool had no work for too long");
    }
  }
}

// Runs something, or something waits that could run there, now, once its jobs have started, or
// once it has more of them.
bool Core::State::has_work(const Pool& pool) const {
  const auto& turns = ledger.workloads.turns();
  std::set<WorkerId> ready;
  for (const auto& [id, worker] : ledger.workers.all()) {
    const auto* job = fleet.job(worker.who.job_id);
    if (worker.gone || job == nullptr || job->pool != pool.asked.pool) continue;
    if (worker.busy()) return true;
    if (worker.ready) ready.insert(id);
    for (const auto& [order, workload] : turns)
      if (slots_at(*ledger.workloads.find(workload), worker, unix_now) > 0) return true;
  }
  for (const auto& [order, workload] : turns)
    if (could_hold(ledger, *ledger.workloads.find(workload), ready, unix_now)) return true;
  if (!pool.asked.automatic && !fleet.starting(pool.asked.pool)) return false;
  const auto jobs = pool.asked.automatic ? pool.asked.most : pool.asked.jobs;
  return std::any_of(turns.begin(), turns.end(), [&](const auto& turn) {
    const auto& workload = *ledger.workloads.find(turn.second);
    return workers_for(pool, workload.spec.task, workload.needs_time(), jobs) > 0;
  });
}

}  // namespace pcluster
