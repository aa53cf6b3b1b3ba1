// Nodes: the real agents, their tasks, and the connections to the launcher.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "launcher/model/codec.hpp"
#include "tests/simulator/world.hpp"

namespace pcluster::sim {

void World::start_worker(const SimJob& job) {
  for (std::uint32_t node = 0; node < plan_.nodes; ++node) {
    Hello me;
    me.token = job.token;
    me.job_id = job.id;
    me.host = "n" + std::to_string(workers_.size());
    me.incarnation = "i" + std::to_string(workers_.size());
    me.size = {plan_.slots, 1000, 0};
    me.slots = plan_.slots;
    me.port = static_cast<std::uint16_t>(plan_.gangs ? 1 : 0);
    me.relay_port = static_cast<std::uint16_t>(workers_.size() % 3);  // 0: none
    add_worker(job, me, 1);
  }
}

void World::add_worker(const SimJob& job, const Hello& me, unsigned life) {
  auto worker = std::make_unique<SimWorker>();
  worker->job_id = job.id;
  worker->me = me, worker->life = life;
  auto hello = me;
  hello.incarnation = fmt::format("{}.{}", me.incarnation, life);
  worker->agent = std::make_unique<Agent>(hello, clock_.now, limits_of(job));
  workers_.push_back(std::move(worker));
  const auto index = workers_.size() - 1;
  expect_end(index);
  clock_.after(chance_.between(1, 500) * millisecond, [this, index] { connect(index); });
}

// Its guard lives on, and so does its job.
void World::follow_worker(std::size_t dead) {
  const auto& before = *workers_[dead];
  const auto job = scheduler_.jobs().find(before.job_id);
  if (job == scheduler_.jobs().end() || job->second.state != JobState::running) return;
  note(fmt::format("worker {} follows worker {}", workers_.size(), dead));
  add_worker(job->second, before.me, before.life + 1);
}

// Half of the jobs with an end have a clock for it, the others are warned.
Agent::Limits World::limits_of(const SimJob& job) {
  Agent::Limits limits;
  if (plan_.warning == 0) return limits;
  limits.warning = plan_.warning;
  limits.by_clock = plan_.by_clock;
  limits.job_ends = job.end_unix - unix_start;
  return limits;
}

// The scheduler's warning, early or never; or it wants the nodes back at once.
void World::expect_end(std::size_t index) {
  if (plan_.warning == 0) return;
  Chance chance(seed_ ^ (0x656e64u + index));
  if (!plan_.by_clock && !chance.percent(10)) {
    const auto early = chance.between(0, plan_.walltime / 3);
    const auto within = chance.percent(20) ? 0 : plan_.warning + early;
    clock_.after(plan_.walltime - plan_.warning - early, [this, index, within] {
      auto& worker = *workers_[index];
      if (worker.alive) act(index, worker.agent->warned(within, clock_.now));
    });
  }
  if (!chance.percent(20) || clock_.now > plan_.faults_end) return;  // else no gang of all begins
  clock_.after(chance.between(5 * second, plan_.walltime), [this, index] {
    auto& worker = *workers_[index];
    if (worker.alive) act(index, worker.agent->job_ended("preempted", clock_.now));
  });
}

void World::connect(std::size_t index) {
  auto& worker = *workers_[index];
  if (!worker.alive || worker.link) return;
  if (!core_) {
    clock_.after(chance_.between(200, 2000) * millisecond, [this, index] { connect(index); });
    arm_worker(index);
    return;
  }
  Link link;
  link.id = LinkId{next_link_++};
  link.worker = index;
  worker.link = link.id;
  links_[link.id] = link;
  act(index, worker.agent->connected(clock_.now));
}

// Both sides learn of it, each in its own time.
void World::cut(LinkId id, const std::string& reason) {
  auto& link = links_[id];
  if (!link.open) return;
  link.open = false;
  note(fmt::format("link {} of worker {} cut: {}", static_cast<std::uint64_t>(id), link.worker,
                   reason));
  clock_.after(chance_.between(0, 1000) * millisecond, [this, id, reason, life = life_] {
    if (life == life_) say(event::WorkerCut{id, reason});
  });
  if (!link.silent) lose_link(link.worker, id);
}

// The launcher closed it; what was on its way still arrives.
void World::close_above(Link& link) {
  if (!link.open) return;
  link.closing = true;
  const auto at = std::max(link.last_down, clock_.now) + 1;
  clock_.at(at, [this, id = link.id] {
    links_[id].open = false;
    if (!links_[id].silent) lose_link(links_[id].worker, id);
  });
}

void World::lose_link(std::size_t index, LinkId id) {
  clock_.after(chance_.between(0, 1000) * millisecond, [this, index, id] {
    auto& worker = *workers_[index];
    if (!worker.alive || worker.link != id) return;
    worker.link.reset();
    act(index, worker.agent->disconnected(clock_.now));
    clock_.after(chance_.between(50, 3000) * millisecond, [this, index] { connect(index); });
  });
}

void World::send_up(Link& link, const FromWorker& message) {
  const auto bytes = encode(message);
  ++messages_;
  note(fmt::format("worker {} says {} ({} bytes)", link.worker, message.index(), bytes.size()));
  const auto slow = chance_.percent(2) ? 200 * millisecond : 2 * millisecond;
  link.last_up = std::max(link.last_up, clock_.now + chance_.between(100, slow));
  clock_.at(link.last_up, [this, id = link.id, bytes] {
    auto& on = links_[id];
    if (!on.open || on.silent || on.closing) return;
    const auto decoded = decode<FromWorker>(bytes);
    if (!decoded) return fail("a worker's message cannot be decoded");
    say(event::WorkerSaid{id, *decoded});
  });
}

void World::send_down(Link& link, const ToWorker& message) {
  if (!link.open || link.closing) return;
  const auto bytes = encode(message);
  ++messages_;
  note(fmt::format("worker {} is told {} ({} bytes)", link.worker, message.index(), bytes.size()));
  if (const auto* welcome = std::get_if<Welcome>(&message))
    oracle_.promised_worker(welcome->worker);
  if (const auto* assign = std::get_if<Assign>(&message))
    for (const auto& item : assign->items)
      for (std::uint32_t i = 0; i < item.count; ++i)
        oracle_.assigned({item.workload, item.first + i});
  if (const auto* ack = std::get_if<Ack>(&message)) {
    auto& reported = workers_[link.worker]->reported;
    while (!reported.empty() && reported.begin()->first <= ack->sequence) {
      for (const auto& attempt : reported.begin()->second) oracle_.promised_result(attempt);
      reported.erase(reported.begin());
    }
  }
  const auto slow = chance_.percent(2) ? 200 * millisecond : 2 * millisecond;
  link.last_down = std::max(link.last_down, clock_.now + chance_.between(100, slow));
  clock_.at(link.last_down, [this, id = link.id, bytes] {
    const auto& on = links_[id];
    auto& worker = *workers_[on.worker];
    if (!on.open || on.silent || !worker.alive || worker.link != id) return;
    const auto decoded = decode<ToWorker>(bytes);
    if (!decoded) return fail("a message to a worker cannot be decoded");
    act(on.worker, worker.agent->received(*decoded, clock_.now));
  });
}

// ---------------------------------------------------------------- the agent's hands

void World::act(std::size_t index, Acts acts) {
  auto& worker = *workers_[index];
  for (const auto& one : acts) {
    act_one(index, one);
    if (!worker.alive) return;
  }
  worker.agent->check();
  arm_worker(index);
}

void World::act_one(std::size_t index, const Act& one) {
  auto& worker = *workers_[index];
  if (const auto* send = std::get_if<act::Send>(&one)) {
    if (!worker.link) return fail("an agent speaks without a connection");
    if (const auto* report = std::get_if<Report>(&send->message))
      for (const auto& result : report->results)
        worker.reported[report->sequence].push_back(result.attempt);
    send_up(links_[*worker.link], send->message);
  } else if (const auto* start = std::get_if<act::Start>(&one)) {
    start_task(index, start->task);
  } else if (const auto* signal = std::get_if<act::Signal>(&one)) {
    const auto task = worker.tasks.find(signal->attempt);
    if (task == worker.tasks.end()) return fail("an agent signals a task that does not run");
    task->second.will = TaskState::cancelled;
    if (signal->signal != 9 && task->second.deaf) return;
    end_task(index, signal->attempt, task->second.run, 3 * millisecond);
  } else if (const auto* part = std::get_if<act::Seat>(&one)) {
    seat(index, part->part);
  } else if (const auto* over = std::get_if<act::Vacate>(&one)) {
    vacate(index, over->attempt);
  } else if (const auto* leaving = std::get_if<act::Leave>(&one)) {
    note(fmt::format("worker {} leaves: {}", index, leaving->reason));
    for (const auto& [attempt, task] : worker.tasks)
      if (leaving->reason.find("scaled down") != std::string::npos &&
          task.will != TaskState::cancelled)
        oracle_.stopped_with(attempt);
    for (const auto& [attempt, in_use] : worker.seats)
      if (leaving->reason.find("scaled down") != std::string::npos)
        oracle_.stopped_part(attempt.task, worker.agent->id().value());
    kill_worker(index);
  } else if (worker.link) {
    const auto link = *worker.link;
    cut(link, "the worker hung up");
    if (links_[link].silent || links_[link].closing) lose_link(index, link);
  }
}

void World::start_task(std::size_t index, const TaskStart& start) {
  auto& worker = *workers_[index];
  const auto& nonce = start.argv.at(1);
  const auto work = works_.find(nonce);
  if (work == works_.end()) return fail("an unknown command was started");
  if (start.argv.at(3) != std::to_string(start.attempt.task.index)) fail("a wrong {index}");
  oracle_.started(start.attempt, worker.agent->id().value(), nonce, start.argv.at(2));
  SimTask task;
  task.run = next_run_++;
  task.will = chance_.percent(work->second->fails_percent) ? TaskState::failed : TaskState::done;
  task.deaf = chance_.percent(15);
  task.started = clock_.now;
  task.slots = start.slots;
  task.gang = start.gang;
  task.wall = chance_.between(work->second->shortest, work->second->longest);
  worker.tasks[start.attempt] = task;
  count_slots(index);
  for (auto& user : users_)
    if (user.nonce == nonce && user.began == 0) user.began = clock_.now;
  if (start.gang.empty()) return end_task(index, start.attempt, task.run, task.wall);
  reach_parts(index, start.attempt, task.run, clock_.now + 30 * second);
}

void World::end_task(std::size_t index, const AttemptId& attempt, std::uint64_t run, Micros wait) {
  clock_.after(wait, [this, index, attempt, run] {
    auto& worker = *workers_[index];
    const auto found = worker.tasks.find(attempt);
    if (!worker.alive || found == worker.tasks.end() || found->second.run != run) return;
    const auto task = found->second;
    worker.tasks.erase(found);
    oracle_.ended(attempt, worker.agent->id().value(), task.will);
    TaskResult result;
    result.attempt = attempt;
    result.state = task.will == TaskState::cancelled ? TaskState::failed : task.will;
    result.unreachable = task.unreachable;
    result.exit_code = task.will == TaskState::done ? 0 : 1;
    result.start_unix = unix_start + task.started;
    result.end_unix = unix_now();
    act(index, worker.agent->finished(result, clock_.now));
  });
}

// Gone without a word more: its tasks with it, and its job when it was the last of it.
void World::kill_worker(std::size_t index, bool followed) {
  auto& worker = *workers_[index];
  if (!worker.alive) return;
  worker.alive = false;
  worker.tasks.clear();
  worker.seats.clear();
  lose_parts(index);
  note(fmt::format("worker {} ends", index));
  if (worker.link) {
    const auto id = *worker.link;  // what it said last arrives still
    clock_.at(links_[id].last_up + 1, [this, id] { cut(id, "the worker ended"); });
  }
  if (followed)
    return clock_.after(chance_.between(5, 1000) * millisecond,
                        [this, index] { follow_worker(index); });
  bool others = false;
  for (const auto& other : workers_) others |= other->alive && other->job_id == worker.job_id;
  if (others && !plan_.gangs) return;
  // A job that has lost a node ends some time later, so that another brings all its ranks back.
  const auto longest = others ? 60 * second : 2 * second;
  clock_.after(chance_.between(10 * millisecond, longest),
               [this, job = worker.job_id] { scheduler_.end(job); });
}

void World::arm_worker(std::size_t index) {
  auto& worker = *workers_[index];
  const auto deadline = worker.agent->deadline();
  if (!deadline) return;
  clock_.at(*deadline, [this, index, arm = ++worker.ticks] {
    auto& ticking = *workers_[index];
    if (!ticking.alive || ticking.ticks != arm) return;
    act(index, ticking.agent->tick(clock_.now));
    if (ticking.agent->deadline().value_or(clock_.now + 1) <= clock_.now)
      fail("a worker spins: its deadline stays in the past");
  });
}

}  // namespace pcluster::sim
