// The worker's mind: the connection, results kept until acknowledged, the clock.  Pure: no clock,
// no I/O.  What it does with tasks stands in agent_tasks.cpp.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/agent.hpp"

#include <algorithm>
#include <cassert>
#include <csignal>
#include <utility>

#include "mpi-runtime/agent_state.hpp"

namespace pcluster {
namespace {

constexpr int silent_heartbeats = 5;  // then the connection is dead

}  // namespace

Agent::Agent(Hello me, Time now, Limits limits)
    : state_(std::make_unique<State>(std::move(me), now, limits)) {}
Agent::~Agent() = default;

Acts Agent::connected(Time now) {
  auto& s = *state_;
  s.linked = true;
  s.welcomed = false;
  s.heard = now;
  s.sent = s.first_result - 1;  // all that is not acknowledged goes out again
  // Finished, but not acknowledged, is held too: the launcher must not give it to another.
  s.me.held.clear();
  s.started.clear();  // said again: it may have been lost, or the launcher be a new one
  s.me.lent.clear();
  s.me.split.clear();
  for (const auto& waiting : s.queue) {
    (waiting.lent ? s.me.lent : s.me.held).push_back(waiting.attempt);
    if (!waiting.lent && !waiting.gang.empty()) s.me.split.push_back(waiting.attempt);
  }
  for (const auto& [attempt, part] : s.lent) s.me.lent.push_back(attempt);
  for (const auto& [attempt, task] : s.running) {
    s.me.held.push_back(attempt);
    if (task.split) s.me.split.push_back(attempt);
    if (!is_ahead(task)) s.started.push_back(attempt);
  }
  for (const auto& result : s.results) s.me.held.push_back(result.attempt);
  return {act::Send{s.me}};
}

Acts Agent::disconnected(Time now) {
  auto& s = *state_;
  if (s.welcomed) s.alone_since = now;
  s.linked = s.welcomed = false;
  return {};
}

Acts Agent::received(const ToWorker& message, Time now) {
  Acts acts;
  auto& s = *state_;
  if (s.left || !s.linked) return acts;
  s.heard = now;
  std::visit([&](const auto& one) { s.on(one, now, acts); }, message);
  if (s.left) return acts;
  s.start(now, acts);
  if (std::holds_alternative<Assign>(message)) s.low = s.waiting() / 4;
  s.flush(now, acts);
  s.depart(now, acts);
  return acts;
}

Acts Agent::finished(TaskResult result, Time now) {
  std::vector<TaskResult> one;
  one.push_back(std::move(result));
  return answered(std::move(one), {}, now);
}

Acts Agent::tick(Time now) {
  Acts acts;
  auto& s = *state_;
  if (s.left) return acts;
  s.enforce(now, acts);
  s.look_at_end(now, acts);
  s.flush(now, acts);
  s.depart(now, acts);
  if (s.left) return acts;
  if (s.welcomed && now >= s.beat_at) s.beat_unless_known(now, acts);
  if (s.linked && now - s.heard >= silent_heartbeats * s.heartbeat) {
    s.heard = now;  // asked for once; the shell says disconnected() when it is so
    acts.push_back(act::Hang{});
  }
  if (!s.welcomed && s.idle() && now - s.alone_since >= s.orphan_timeout)
    s.leave("no launcher for " + show_duration(now - s.alone_since), acts);
  return acts;
}

Acts Agent::vacated(const AttemptId& attempt, Time now) {
  Acts acts;
  auto& s = *state_;
  const auto found = s.lent.find(attempt);
  if (found == s.lent.end()) return acts;
  s.free += found->second.slots;
  s.lent.erase(found);
  s.start(now, acts);
  s.flush(now, acts);
  s.depart(now, acts);
  return acts;
}

Acts Agent::wants_input(const InputWanted& wanted, Time) {
  const auto found = state_->running.find(wanted.attempt);
  if (found == state_->running.end()) return {};
  found->second.wanted = wanted;
  if (!state_->welcomed) return {};
  return {act::Send{wanted}};
}

Acts Agent::wrote(ChannelBytes bytes) {
  Acts acts;
  if (state_->welcomed && state_->running.contains(bytes.attempt))
    acts.emplace_back(act::Send{std::move(bytes)});
  return acts;
}

std::optional<Time> Agent::deadline() const { return state_->deadline(); }
std::uint32_t Agent::running() const { return static_cast<std::uint32_t>(state_->running.size()); }
std::optional<WorkerId> Agent::id() const { return state_->me.resumed; }

void Agent::check() const {
  const auto& s = *state_;
  std::uint32_t used = 0;
  for (const auto& [attempt, task] : s.running) used += task.slots;
  for (const auto& [attempt, part] : s.lent) used += part.slots;
  assert(used + s.free == s.me.slots);
  assert(std::ranges::count_if(s.running, [](const auto& one) { return is_ahead(one.second); }) ==
         static_cast<std::ptrdiff_t>(s.ahead_out));
  assert(s.queue.empty() || s.queue.front().slots > s.free);  // no slot is free while tasks wait
  assert(s.sent <= s.last_result() && s.sent + 1 >= s.first_result);
  assert(!s.welcomed || s.linked);
  assert(s.left || !s.welcomed || !s.unsent() || s.deadline());
  static_cast<void>(used);
}

// ---------------------------------------------------------------- the connection

// A launcher of an older epoch than one we have followed was replaced: nothing it says counts.
void Agent::State::on(const Welcome& welcome, Time now, Acts& acts) {
  if (welcome.epoch < me.last_epoch) return acts.push_back(act::Hang{});
  welcomed = true;
  me.resumed = welcome.worker;
  me.last_epoch = welcome.epoch;
  heartbeat = std::max<Micros>(welcome.heartbeat, millisecond);
  orphan_timeout = welcome.orphan_timeout;
  if (!ending.empty()) say_leaving(now, acts);  // before it seems to be free
  report(acts);
  for (const auto& [attempt, task] : running)
    if (task.wanted)
      acts.push_back(act::Send{InputWanted{attempt, task.wanted->bytes, task.wanted->from, true}});
  beat(now, acts);  // says that we have heard it: only now are we given tasks
  if (std::ranges::any_of(running, [](const auto& one) { return one.second.task->channel; }))
    acts.push_back(act::SendAgain{});
}

void Agent::State::on(const Ack& ack, Time, Acts&) {
  while (!results.empty() && first_result <= ack.sequence) {
    results.pop_front();
    ++first_result;
  }
  sent = std::max(sent, first_result - 1);
}

// Before its Welcome only a launcher that we have never followed may send us away: any other may
// be an old one, which lives on somewhere and no longer speaks for the cluster.
void Agent::State::on(const StopWorker& stop, Time, Acts& acts) {
  if (welcomed || me.last_epoch == 0)
    leave(stop.reason, acts);
  else
    acts.push_back(act::Hang{});
}

void Agent::State::leave(const std::string& reason, Acts& acts) {
  left = true;
  if (welcomed) {
    report(acts);
    Bye bye{reason, handed_back};
    for (const auto& [attempt, task] : running)
      if (!task.cancelled && !task.timed_out) bye.handed_back.push_back(attempt);
    for (const auto& waiting : queue)
      if (!waiting.lent) bye.handed_back.push_back(waiting.attempt);
    acts.push_back(act::Send{std::move(bye)});
  }
  acts.push_back(act::Leave{reason});
}

// A part alone keeps nobody here: without a launcher its gang's head decides, and ends it.
bool Agent::State::idle() const {
  return running.empty() &&
         std::all_of(queue.begin(), queue.end(), [](const Waiting& one) { return one.lent; });
}

// Reports and their Acks tell both sides that the other lives, though not as often.
void Agent::State::beat_unless_known(Time now, Acts& acts) {
  const auto known = std::min(reported, heard) + 2 * heartbeat;
  known > now ? static_cast<void>(beat_at = known) : beat(now, acts);
}

void Agent::State::beat(Time now, Acts& acts) {
  beat_at = now + heartbeat;
  if (!started.empty()) acts.push_back(act::Send{Report{sent, {}, std::exchange(started, {})}});
  acts.push_back(act::Send{Heartbeat{static_cast<std::uint32_t>(running.size() + lent.size()),
                                     static_cast<std::uint32_t>(queue.size())}});
}

// ---------------------------------------------------------------- results

void Agent::State::settle(TaskResult result, Time now) {
  const auto found = running.find(result.attempt);
  const auto& task = found->second;
  if (task.cancelled) {
    result.state = TaskState::cancelled;
  } else if (task.timed_out) {
    result.state = TaskState::failed;
    result.message = "time limit of " + show_duration(task.task->time_limit) + " reached";
  }
  // Whatever it says of its end: it may have ended because it was told to.
  const bool goes_back = handing_back && !task.cancelled && !task.timed_out;
  if (goes_back) handed_back.push_back(result.attempt);
  if (is_ahead(task)) --ahead_out;
  running.erase(found);
  if (!goes_back) keep(std::move(result), now);
}

std::optional<Time> Agent::State::deadline() const {
  if (left) return {};
  std::optional<Time> first;
  const auto at = [&](Time time) { first = std::min(first.value_or(time), time); };
  for (const auto& [attempt, task] : running) {
    if (task.limit) at(*task.limit);
    if (task.kill) at(*task.kill);
  }
  if (warn_at && ending.empty()) at(*warn_at);
  if (hand_back_at && !handing_back) at(*hand_back_at);
  if (bye_at && welcomed) at(*bye_at);
  if (linked) at(heard + silent_heartbeats * heartbeat);
  if (welcomed) at(beat_at);
  if (welcomed && unsent()) at(flush_at());
  if (!welcomed && idle()) at(alone_since + orphan_timeout);
  return first;
}

}  // namespace pcluster
