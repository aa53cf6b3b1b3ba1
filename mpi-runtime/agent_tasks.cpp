// What the agent does with tasks and parts: queues, starts, ends and gives them back.  Pure.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <csignal>
#include <set>
#include <utility>

#include "launcher/model/expand.hpp"
#include "mpi-runtime/agent_state.hpp"

namespace pcluster {
namespace {

// So many of its slots of a worker.
Resources share_of(const Resources& size, std::uint32_t part, std::uint32_t slots) {
  return {std::max(1u, size.cores * part / slots), size.memory_mb * part / slots,
          size.gpus * part / slots};
}

TaskStart to_start(Waiting next) {
  const TrialText text(next.task->columns, next.trial, next.attempt.task.index);
  return {next.attempt,
          next.trial,
          expand(next.task->argv, text),
          expand(next.task->output, text),
          next.task.get(),
          next.slots,
          next.share,
          std::move(next.gang)};
}

}  // namespace

TaskResult not_run(const AttemptId& attempt, TaskState state, std::string message) {
  TaskResult result;
  result.attempt = attempt;
  result.state = state;
  result.exit_code = -1;
  result.message = std::move(message);
  return result;
}

// A new one replaces the old: a workload that never became durable may have had this number.
void Agent::State::on(const Define& define, Time, Acts&) {
  templates[define.workload] = std::make_shared<const TaskTemplate>(define.task);
}

void Agent::State::on(const Forget& forget, Time, Acts&) { templates.erase(forget.workload); }

Waiting Agent::State::to_wait(const Assignment& item, std::uint32_t offset, Epoch epoch,
                              Template task) const {
  Waiting one;
  one.attempt = {{item.workload, item.first + offset}, item.number, epoch};
  one.trial = offset < item.trials.size() ? item.trials[offset]
                                          : trial_value(item.range, item.first + offset);
  one.task = std::move(task);
  one.gang = item.gang;
  if (one.task == nullptr) return one;
  one.slots = slots_for(*one.task, me.size, me.slots);
  for (const auto& part : item.gang)
    if (part.worker == me.resumed) one.slots = part.slots <= me.slots ? part.slots : 0;
  one.share = share_of(me.size, one.slots, me.slots);
  return one;
}

void Agent::State::on(const Assign& assign, Time now, Acts& acts) {
  if (!welcomed || assign.epoch != me.last_epoch) return;
  fed = true;
  pace = assign.pace;
  Returned back;  // it has crossed our Leaving
  for (const auto& item : assign.items) {
    const auto found = templates.find(item.workload);
    const auto task = found == templates.end() ? nullptr : found->second;
    for (std::uint32_t i = 0; i < item.count; ++i) {
      auto one = to_wait(item, i, assign.epoch, task);
      if (task == nullptr || one.slots == 0) {
        keep(not_run(one.attempt, TaskState::failed,
                     task == nullptr ? "the worker was not told what to run"
                                     : "the task asks for more than this worker has"),
             now);
        continue;
      }
      if (!task->beside) {
        ending.empty() ? queue.push_back(std::move(one)) : back.attempts.push_back(one.attempt);
        continue;
      }
      one.slots = 0;  // first, and it takes nothing: it starts at once
      queue.push_front(std::move(one));
    }
  }
  if (!back.attempts.empty()) acts.push_back(act::Send{std::move(back)});
}

// In turn with what was assigned.  Said again by a new launcher it has the old one's epoch.  One
// that cannot be is as if it were not lent: its head is told so when it asks.
void Agent::State::on(const Lend& lend, Time, Acts&) {
  if (!welcomed || lend.epoch > me.last_epoch) return;
  const auto found = templates.find(lend.item.workload);
  if (found == templates.end()) return;
  auto one = to_wait(lend.item, 0, lend.epoch, found->second);
  one.lent = true;
  const bool known = lent.contains(one.attempt) ||
                     std::any_of(queue.begin(), queue.end(), [&](const Waiting& other) {
                       return other.attempt == one.attempt;
                     });
  if (!known && one.slots > 0) queue.push_back(std::move(one));
}

void Agent::State::on(const Release& release, Time, Acts& acts) {
  if (!welcomed) return;
  for (const auto& attempt : release.attempts) {
    std::erase_if(queue, [&](const Waiting& one) { return one.lent && one.attempt == attempt; });
    const auto found = lent.find(attempt);
    if (found == lent.end() || std::exchange(found->second.ends, true)) continue;
    acts.push_back(act::Vacate{attempt});
  }
}

// In the order of the queue: the launcher counts on it.
void Agent::State::start(Time now, Acts& acts) {
  while (!left && !queue.empty() && queue.front().slots <= free) {
    auto next = std::move(queue.front());
    queue.pop_front();
    free -= next.slots;
    next.lent ? seat(std::move(next), acts) : run(std::move(next), now, acts);
  }
}

void Agent::State::run(Waiting next, Time now, Acts& acts) {
  Running task{next.task, next.slots, {}, {}, false, false, {}, !next.gang.empty()};
  if (next.task->time_limit > 0) task.limit = now + next.task->time_limit;
  running[next.attempt] = std::move(task);
  started.push_back(next.attempt);
  const bool awaited = next.task->channel && welcomed;  // by who talks to it: at once, then
  acts.push_back(act::Start{to_start(std::move(next))});
  if (awaited) acts.push_back(act::Send{Report{sent, {}, std::exchange(started, {})}});
}

void Agent::State::seat(Waiting next, Acts& acts) {
  lent[next.attempt] = {next.task, next.slots, false};
  acts.push_back(act::Seat{to_start(std::move(next))});
}

void Agent::State::on(const Retract& retract, Time, Acts& acts) {
  if (!welcomed) return;
  hurry = true;  // what is unsent may be the last of its workload now
  const std::set<AttemptId> wanted(retract.attempts.begin(), retract.attempts.end());
  Returned back;
  std::erase_if(queue, [&](const Waiting& waiting) {
    if (waiting.lent || !wanted.contains(waiting.attempt)) return false;
    back.attempts.push_back(waiting.attempt);
    return true;
  });
  acts.push_back(act::Send{std::move(back)});  // an answer, even when all have started
}

void Agent::State::on(const CancelTasks& cancel, Time now, Acts& acts) {
  if (!welcomed) return;
  for (const auto& attempt : cancel.attempts) {
    const auto waiting = std::find_if(queue.begin(), queue.end(), [&](const Waiting& one) {
      return !one.lent && one.attempt == attempt;
    });
    if (waiting != queue.end()) {
      queue.erase(waiting);
      keep(not_run(attempt, TaskState::cancelled, "cancelled before it started"), now);
      continue;
    }
    const auto found = running.find(attempt);
    if (found == running.end() || found->second.cancelled) continue;
    found->second.cancelled = true;
    found->second.limit.reset();
    if (!found->second.kill) found->second.kill = now + patience(*found->second.task);
    acts.push_back(act::Signal{attempt, SIGTERM});
  }
}

void Agent::State::on(const TaskInput& input, Time, Acts& acts) {
  if (welcomed && running.contains(input.attempt)) acts.push_back(act::Feed{input});
}

void Agent::State::on(const ChannelTaken& taken, Time, Acts& acts) {
  if (welcomed && running.contains(taken.attempt)) acts.push_back(act::Take{taken});
}

void Agent::State::enforce(Time now, Acts& acts) {
  for (auto& [attempt, task] : running) {
    if (task.limit && now >= *task.limit) {
      task.limit.reset();
      task.timed_out = true;
      task.kill = now + patience(*task.task);
      acts.push_back(act::Signal{attempt, SIGTERM});
    }
    if (task.kill && now >= *task.kill) {
      task.kill.reset();
      acts.push_back(act::Signal{attempt, SIGKILL});
    }
  }
}

}  // namespace pcluster
