// Many workers in calm weather, in simulated time.
// SPDX-License-Identifier: MIT
#include "tests/simulator/field.hpp"

#include <ctime>
#include <utility>

#include "launcher/base/text.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster::sim {
namespace {

constexpr Micros unix_zero = 1'790'000'000 * second;
constexpr std::uint32_t nodes_of_job = 64;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::size_t tasks_in(const Effects& effects) {
  std::size_t sum = 0;
  for (const auto& effect : effects.now)
    if (const auto* send = std::get_if<effect::SendWorker>(&effect))
      if (const auto* assign = std::get_if<Assign>(&send->message))
        for (const auto& item : assign->items) sum += item.count;
  return sum;
}

}  // namespace

Field::Field(FieldPlan plan)
    : plan_(std::move(plan)),
      chance_(plan_.seed),
      core_("field", 1, plan_.policy),
      workers_(plan_.workers) {
  const auto count = plan_.work.size();
  outcome_.first_start.assign(count, -1);
  outcome_.last_end.assign(count, 0);
  finished_.assign(count, false);
  for (const auto& work : plan_.work) started_.emplace_back(work.tasks, false);
}

FieldOutcome Field::run() {
  perform(core_.begin(0, unix_zero).after);
  SubmitJobs request;
  request.spec.adapter = "sim";
  request.spec.nodes = std::min(nodes_of_job, plan_.workers);
  request.count = (plan_.workers + nodes_of_job - 1) / nodes_of_job;
  say(event::ClientSaid{ClientId{999}, request});
  const auto all = plan_.work.size();
  while (over_ < all && outcome_.wrong.empty())
    if (!clock_.step() || clock_.now > 36000 * second) fail("it never ends");
  if (outcome_.wrong.empty()) outcome_.wrong = core_.broken();
  for (const auto& starts : started_)
    for (const bool started : starts)
      if (!started) fail("a task never began");
  const double slots = 1.0 * plan_.workers * plan_.slots;
  const auto window = static_cast<double>(last_start_ - outcome_.full_at);
  if (outcome_.full_at > 0 && window > 0)
    outcome_.busy = (area_last_ - area_full_) / (slots * window);
  if (outcome_.makespan > 0)
    outcome_.busy_all = area_ / (slots * static_cast<double>(outcome_.makespan));
  return outcome_;
}

// ---------------------------------------------------------------- the launcher

// Events wait while it is busy with those before them.
void Field::say(Event event) {
  door_.push_back(std::move(event));
  if (door_.size() == 1) clock_.at(std::max(clock_.now, busy_until_), [this] { serve(); });
}

void Field::serve() {
  handle(door_.front());
  door_.pop_front();
  if (!door_.empty()) clock_.at(busy_until_, [this] { serve(); });
}

void Field::handle(const Event& event) {
  const auto before = cpu_seconds();
  auto effects = core_.handle(event, clock_.now, unix_zero + clock_.now);
  if (begun_) outcome_.core_seconds += cpu_seconds() - before, ++outcome_.core_events;
  if (plan_.check_every > 0 && ++events_ % plan_.check_every == 0)
    if (const auto what = core_.broken(); !what.empty()) fail("invariant: " + what);
  std::size_t tasks = tasks_in(effects);
  if (const auto* said = std::get_if<event::WorkerSaid>(&event))
    if (const auto* report = std::get_if<Report>(&said->message)) tasks += report->results.size();
  // Half of a task's cost when it goes out, half when it comes back.
  const auto sent = static_cast<Micros>(effects.now.size() + effects.after.size());
  busy_until_ =
      clock_.now + plan_.per_message * (1 + sent) + plan_.per_task * static_cast<Micros>(tasks) / 2;
  durable_at_ = std::max(durable_at_, busy_until_ + chance_.between(200, 6000));
  clock_.at(busy_until_, [this, now = std::move(effects.now)] { perform(now); });
  clock_.at(durable_at_, [this, after = std::move(effects.after)] { perform(after); });
  arm_launcher();
}

void Field::arm_launcher() {
  const auto deadline = core_.deadline();
  if (!deadline || (launcher_armed_ > clock_.now && launcher_armed_ <= *deadline)) return;
  launcher_armed_ = std::max(*deadline, clock_.now + 1);
  clock_.at(launcher_armed_, [this, at = launcher_armed_] {
    if (launcher_armed_ != at) return;
    launcher_armed_ = 0;
    if (core_.deadline().value_or(clock_.now + 1) <= clock_.now) return say(event::Tick{});
    arm_launcher();
  });
}

void Field::perform(const std::vector<Effect>& effects) {
  for (const auto& effect : effects) perform(effect);
}

void Field::perform(const Effect& effect) {
  if (const auto* send = std::get_if<effect::SendWorker>(&effect)) {
    to_worker(static_cast<std::size_t>(send->link) - 1, send->message);
  } else if (const auto* reply = std::get_if<effect::SendClient>(&effect)) {
    to_client(*reply);
  } else if (const auto* launch = std::get_if<effect::Launch>(&effect)) {
    token_ = launch->token;
    for (std::uint32_t i = 0; i < launch->count; ++i) job_ids_.push_back(std::to_string(100 + i));
    say(event::Submitted{token_, job_ids_});
    settle_in();
  } else if (std::holds_alternative<effect::Poll>(effect)) {
    event::Polled polled{{}, true};
    for (const auto& id : job_ids_)
      polled.jobs.push_back({id, JobState::running, "R", "", "", 0, false, token_});
    say(std::move(polled));
  } else if (std::holds_alternative<effect::DropWorker>(effect)) {
    fail("the launcher drops a worker");
  }
}

void Field::to_client(const effect::SendClient& sent) {
  if (std::holds_alternative<Refusal>(sent.reply)) return fail("a request is refused");
  const auto* progress = std::get_if<Progress>(&sent.reply);
  if (progress == nullptr || !progress->finished) return;
  const auto work = static_cast<std::size_t>(sent.client);
  if (progress->done != plan_.work[work].tasks) fail("not all tasks are done");
  if (finished_[work]) fail("a workload finishes twice");
  finished_[work] = true;
  ++over_;
}

// ---------------------------------------------------------------- the workers

void Field::settle_in() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Hello me;
    me.token = token_;
    me.job_id = job_ids_[i / nodes_of_job];
    me.host = me.incarnation = "n" + std::to_string(i);
    me.size = {plan_.slots, 1000, 0};
    me.slots = plan_.slots;
    me.port = 1;
    workers_[i].agent = std::make_unique<Agent>(me, clock_.now, Agent::Limits{});
    clock_.after(second + chance_.between(0, 500) * millisecond,
                 [this, i] { act(i, workers_[i].agent->connected(clock_.now)); });
  }
}

// Now and then a packet is lost, or a switch is busy.
Micros Field::latency() {
  return chance_.between(100, chance_.percent(2) ? 200 * millisecond : 2 * millisecond);
}

void Field::to_worker(std::size_t index, const ToWorker& message) {
  auto& worker = workers_[index];
  outcome_.messages += begun_ ? 1 : 0;
  outcome_.retracts += std::holds_alternative<Retract>(message) ? 1 : 0;
  worker.last_down = std::max(worker.last_down, clock_.now + latency());
  clock_.at(worker.last_down, [this, index, bytes = encode(message)] {
    const auto decoded = decode<ToWorker>(bytes);
    if (!decoded) return fail("a message to a worker cannot be decoded");
    act(index, workers_[index].agent->received(*decoded, clock_.now));
  });
}

void Field::act(std::size_t index, Acts acts) {
  auto& worker = workers_[index];
  for (auto& one : acts) {
    if (auto* send = std::get_if<act::Send>(&one)) {
      outcome_.messages += begun_ ? 1 : 0;
      if (std::holds_alternative<Heartbeat>(send->message) && !std::exchange(worker.at_home, true))
        ++at_home_;
      worker.last_up = std::max(worker.last_up, clock_.now + latency());
      clock_.at(worker.last_up, [this, index, bytes = encode(send->message)] {
        const auto decoded = decode<FromWorker>(bytes);
        if (!decoded) return fail("a worker's message cannot be decoded");
        say(event::WorkerSaid{LinkId{index + 1}, *decoded});
      });
    } else if (const auto* start = std::get_if<act::Start>(&one)) {
      start_task(index, start->task);
    } else if (const auto* over = std::get_if<act::Vacate>(&one)) {
      clock_.after(millisecond, [this, index, attempt = over->attempt] {
        act(index, workers_[index].agent->vacated(attempt, clock_.now));
      });
    } else if (!std::holds_alternative<act::Seat>(one)) {
      fail("a worker does what it was not asked for");
    }
  }
  arm_worker(index);
  if (begun_ || at_home_ < workers_.size()) return;
  begun_ = true;
  outcome_.began = area_at_ = clock_.now + second;
  for (std::size_t i = 0; i < plan_.work.size(); ++i)
    clock_.at(outcome_.began + plan_.work[i].at, [this, i] { begin(i); });
}

void Field::arm_worker(std::size_t index) {
  auto& worker = workers_[index];
  const auto deadline = worker.agent->deadline();
  if (!deadline || (worker.armed > clock_.now && worker.armed <= *deadline)) return;
  worker.armed = std::max(*deadline, clock_.now + 1);
  clock_.at(worker.armed, [this, index, at = worker.armed] {
    auto& ticking = workers_[index];
    if (ticking.armed != at) return;
    ticking.armed = 0;
    if (ticking.agent->deadline().value_or(clock_.now + 1) <= clock_.now)
      return act(index, ticking.agent->tick(clock_.now));
    arm_worker(index);
  });
}

// ---------------------------------------------------------------- the work

void Field::begin(std::size_t work) {
  const auto& wish = plan_.work[work];
  WorkloadSpec spec;
  spec.verb = "map";
  spec.task.argv = {"run", std::to_string(work), "{trial}"};
  spec.trials = TrialRange{0, wish.tasks - 1, 1};
  spec.priority = wish.priority;
  spec.task.each.cores = wish.cores;
  spec.task.ranks = wish.ranks;
  say(event::ClientSaid{ClientId{work}, AddWorkload{spec, true}});
}

void Field::count(std::int64_t slots) {
  area_ += static_cast<double>(running_) * static_cast<double>(clock_.now - area_at_);
  area_at_ = clock_.now;
  running_ += slots;
}

void Field::start_task(std::size_t index, const TaskStart& start) {
  const auto work = static_cast<std::size_t>(to_integer(start.argv.at(1)).value_or(0));
  const auto& attempt = start.attempt;
  if (started_.at(work).at(attempt.task.index)) return fail("a task begins twice");
  started_[work][attempt.task.index] = true;
  clock_.after(plan_.spawn, [this, index, attempt, work, slots = start.slots] {
    count(slots);
    const auto total = std::int64_t{plan_.workers} * plan_.slots;
    if (outcome_.full_at == 0 && running_ >= total - total / 100)
      outcome_.full_at = clock_.now, area_full_ = area_;
    last_start_ = clock_.now;
    area_last_ = area_;
    auto& first = outcome_.first_start[work];
    if (first < 0) first = clock_.now - outcome_.began - plan_.work[work].at;
    TaskResult result;
    result.attempt = attempt;
    result.state = TaskState::done;
    result.start_unix = unix_zero + clock_.now;
    const auto wall = plan_.work[work].wall(attempt.task.index);
    result.end_unix = result.start_unix + wall;
    clock_.after(wall,
                 [this, index, result, work, slots] { end_task(index, result, work, slots); });
  });
}

void Field::end_task(std::size_t index, const TaskResult& result, std::size_t work,
                     std::uint32_t slots) {
  count(-std::int64_t{slots});
  ++outcome_.tasks;
  outcome_.makespan = clock_.now - outcome_.began;
  outcome_.last_end[work] = outcome_.makespan - plan_.work[work].at;
  act(index, workers_[index].agent->finished(result, clock_.now));
}

}  // namespace pcluster::sim
