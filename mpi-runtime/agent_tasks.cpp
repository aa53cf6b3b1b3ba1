// What the agent does with tasks: queues, starts, ends and gives them back.  Pure: no clock, no
// I/O. SPDX-License-Identifier: MIT
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

TaskResult not_run(const AttemptId& attempt, TaskState state, std::string message) {
  TaskResult result;
  result.attempt = attempt;
  result.state = state;
  result.exit_code = -1;
  result.message = std::move(message);
  return result;
}

}  // namespace

// A new one replaces the old: a workload that never became durable may have had this number.
void Agent::State::on(const Define& define, Time, Acts&) {
  templates[define.workload] = std::make_shared<const TaskTemplate>(define.task);
}

void Agent::State::on(const Forget& forget, Time, Acts&) { templates.erase(forget.workload); }

void Agent::State::on(const Assign& assign, Time now, Acts&) {
  if (!welcomed || assign.epoch != me.last_epoch) return;
  for (const auto& item : assign.items) {
    const auto found = templates.find(item.workload);
    const auto task = found == templates.end() ? nullptr : found->second;
    const auto slots = task == nullptr ? 0 : slots_for(*task, me.size, me.slots);
    for (std::uint32_t i = 0; i < item.count; ++i) {
      const AttemptId attempt{{item.workload, item.first + i}, item.number, assign.epoch};
      if (slots == 0) {
        keep(not_run(attempt, TaskState::failed,
                     task == nullptr ? "the worker was not told what to run"
                                     : "the task asks for more than this worker has"),
             now);
        continue;
      }
      auto trial =
          i < item.trials.size() ? item.trials[i] : trial_value(item.range, item.first + i);
      const auto share = share_of(me.size, slots, me.slots);
      if (task->beside)  // first, and it takes nothing: it starts at once
        queue.push_front({attempt, std::move(trial), task, 0, share});
      else
        queue.push_back({attempt, std::move(trial), task, slots, share});
    }
  }
}

// In the order of the queue: the launcher counts on it.
void Agent::State::start(Time now, Acts& acts) {
  while (!left && !queue.empty() && queue.front().slots <= free) {
    auto next = std::move(queue.front());
    queue.pop_front();
    free -= next.slots;
    Running task{next.task, next.slots, {}, {}, false, false, {}};
    if (next.task->time_limit > 0) task.limit = now + next.task->time_limit;
    running[next.attempt] = std::move(task);
    started.push_back(next.attempt);
    const TrialText text(next.task->columns, next.trial, next.attempt.task.index);
    acts.push_back(act::Start{{next.attempt,
                               next.trial,
                               expand(next.task->argv, text),
                               expand(next.task->output, text),
                               next.task.get(),
                               next.slots,
                               next.share,
                               {}}});
  }
}

void Agent::State::on(const Retract& retract, Time, Acts& acts) {
  if (!welcomed) return;
  const std::set<AttemptId> wanted(retract.attempts.begin(), retract.attempts.end());
  Returned back;
  std::erase_if(queue, [&](const Waiting& waiting) {
    if (!wanted.contains(waiting.attempt)) return false;
    back.attempts.push_back(waiting.attempt);
    return true;
  });
  acts.push_back(act::Send{std::move(back)});  // an answer, even when all have started
}

void Agent::State::on(const CancelTasks& cancel, Time now, Acts& acts) {
  if (!welcomed) return;
  for (const auto& attempt : cancel.attempts) {
    const auto waiting = std::find_if(queue.begin(), queue.end(),
                                      [&](const Waiting& one) { return one.attempt == attempt; });
    if (waiting != queue.end()) {
      queue.erase(waiting);
      keep(not_run(attempt, TaskState::cancelled, "cancelled before it started"), now);
      continue;
    }
    const auto found = running.find(attempt);
    if (found == running.end() || found->second.cancelled) continue;
    found->second.cancelled = true;
    found->second.limit.reset();
    if (!found->second.kill) found->second.kill = now + limits.kill_after;
    acts.push_back(act::Signal{attempt, SIGTERM});
  }
}

void Agent::State::on(const Lend&, Time, Acts&) {}
void Agent::State::on(const Release&, Time, Acts&) {}

void Agent::State::on(const TaskInput& input, Time, Acts& acts) {
  if (welcomed && running.contains(input.attempt)) acts.push_back(act::Feed{input});
}

void Agent::State::enforce(Time now, Acts& acts) {
  for (auto& [attempt, task] : running) {
    if (task.limit && now >= *task.limit) {
      task.limit.reset();
      task.timed_out = true;
      task.kill = now + limits.kill_after;
      acts.push_back(act::Signal{attempt, SIGTERM});
    }
    if (task.kill && now >= *task.kill) {
      task.kill.reset();
      acts.push_back(act::Signal{attempt, SIGKILL});
    }
  }
}

}  // namespace pcluster
