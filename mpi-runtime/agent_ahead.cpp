// The agent and residents that have trials before they come to them.  Pure.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

#include "mpi-runtime/agent_state.hpp"

namespace pcluster {

// A slot's share of what waits here, so that no resident sits on what another could begin.  A time
// limit would count from when the trial was given out.
std::vector<TaskStart> Agent::ahead(const AttemptId& in_hand, std::uint32_t most) {
  auto& s = *state_;
  std::vector<TaskStart> given;
  const auto holder = s.running.find(in_hand);
  if (s.left || s.handing_back || holder == s.running.end()) return given;
  const auto& [task, slots] = std::tie(holder->second.task, holder->second.slots);
  if (!task->resident || task->time_limit > 0 || holder->second.cancelled || slots == 0)
    return given;
  const auto share = s.queue.size() * slots / s.me.slots;
  while (given.size() < std::min<std::size_t>(most, share) && !s.queue.empty()) {
    auto& next = s.queue.front();
    if (next.task != task || next.slots != slots || next.lent || !next.gang.empty()) break;
    ++s.ahead_out;
    s.running[next.attempt] = {task, 0, {}, {}, false, false, {}};
    given.push_back(
        {next.attempt, std::move(next.trial), {}, {}, task.get(), slots, next.share, {}});
    s.queue.pop_front();
  }
  return given;
}

Acts Agent::answered(std::vector<TaskResult> results, const std::optional<AttemptId>& next,
                     Time now) {
  Acts acts;
  auto& s = *state_;
  std::uint32_t slots = 0;
  bool known = false;
  for (auto& result : results) {
    const auto found = s.running.find(result.attempt);
    if (found == s.running.end()) continue;
    known = true;
    slots += found->second.slots;
    s.settle(std::move(result), now);
  }
  if (!known) return acts;
  if (const auto heir = next ? s.running.find(*next) : s.running.end(); heir != s.running.end()) {
    heir->second.slots = slots;
    --s.ahead_out;
    s.started.push_back(*next);
  } else {
    s.free += slots;
  }
  if (!s.welcomed && s.idle()) s.alone_since = now;
  Acts starts;
  s.start(now, starts);
  s.flush(now, acts);  // leaves before they begin: who is killed then costs one run, not two
  acts.insert(acts.end(), std::make_move_iterator(starts.begin()),
              std::make_move_iterator(starts.end()));
  s.depart(now, acts);
  return acts;
}

Acts Agent::put_back(const std::vector<TaskStart>& starts, Time now) {
  Acts acts;
  auto& s = *state_;
  Returned back;
  for (const auto& start : starts | std::views::reverse) {
    const auto found = s.running.find(start.attempt);
    if (found == s.running.end()) continue;
    const Running task = std::move(found->second);
    s.free += task.slots;
    if (is_ahead(task)) --s.ahead_out;
    s.running.erase(found);
    if (task.cancelled)
      s.keep(not_run(start.attempt, TaskState::cancelled, "cancelled before it started"), now);
    else if (s.handing_back)
      s.handed_back.push_back(start.attempt);
    else if (!s.ending.empty())
      back.attempts.push_back(start.attempt);
    else
      s.queue.push_front(
          {start.attempt, start.trial, task.task, start.slots, start.share, {}, false});
  }
  if (s.welcomed && !back.attempts.empty()) acts.push_back(act::Send{std::move(back)});
  s.start(now, acts);
  s.flush(now, acts);
  s.depart(now, acts);
  return acts;
}

}  // namespace pcluster
