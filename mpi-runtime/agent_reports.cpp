// When the agent's results go to the launcher: seldom, but never so late that a slot or a user
// waits for it.  Pure: no clock, no I/O. SPDX-License-Identifier: MIT
#include <algorithm>
#include <limits>
#include <utility>

#include "mpi-runtime/agent_state.hpp"

namespace pcluster {
namespace {

constexpr std::size_t report_bytes = max_frame / 16;  // results carry up to 64 KiB of columns each

}  // namespace

bool Agent::State::more_of(WorkloadId workload) const {
  const auto waits = [&](const Waiting& one) { return one.attempt.task.workload == workload; };
  if (!queue.empty() && (waits(queue.front()) || waits(queue.back()))) return true;
  const auto found = running.lower_bound(AttemptId{{workload, 0}, 0, 0});
  return found != running.end() && found->first.task.workload == workload;
}

void Agent::State::keep(TaskResult result, Time now) {
  if (!unsent()) {
    oldest_unsent = now;
    hurry = false;
    briefest = std::numeric_limits<Micros>::max();
  }
  briefest = std::min(briefest, std::max<Micros>(0, result.end_unix - result.start_unix));
  hurry = hurry || result.state != TaskState::done || !more_of(result.attempt.task.workload);
  results.push_back(std::move(result));
}

// What is not told is lost with the worker.  So it is told at once, unless the launcher hears from
// many workers, or running those again costs less than telling of each.
Micros Agent::State::gap() const {
  return std::min(std::max(pace, briefest < limits.brief ? limits.brief_gap : 0),
                  limits.longest_gap);
}

// Failures, and the last of a workload here, go with little company.  Others keep the gap while
// enough tasks wait, and when a slot is free for a hundredth of their wall: tasks that began
// together end together.  Longer when the launcher knows of a free slot already: its answer is on
// its way, or it had nothing for that one.
Time Agent::State::flush_at() const {
  if (hurry) return oldest_unsent + (waiting() == 0 ? 0 : limits.flush_after);
  const bool told = waiting() == 0 && free == 0 && !fed;  // that few were left
  if (waiting() > low || told) return std::max(oldest_unsent, reported + gap());
  if (free == 0 || waiting() > 0) return oldest_unsent;
  const auto wait =
      fed ? std::min(briefest / 100, limits.company) : std::min(briefest / 8, limits.idle_company);
  return oldest_unsent + (wait < millisecond ? 0 : wait);
}

void Agent::State::flush(Time now, Acts& acts) {
  if (!welcomed || !unsent()) return;
  if (last_result() - sent < limits.flush_count && now < flush_at()) return;
  report(acts);
  reported = now;
}

void Agent::State::report(Acts& acts) {
  if (unsent()) low = 0, fed = false;
  while (unsent()) {
    Report message;
    std::size_t bytes = 0;
    while (unsent() && message.results.size() < limits.flush_count && bytes < report_bytes) {
      message.results.push_back(results[sent + 1 - first_result]);
      const auto& result = message.results.back();
      bytes += 128 + result.message.size() + result.columns.size();
      ++sent;
    }
    message.sequence = sent;
    // Of those that have ended since, the result says enough.
    std::erase_if(started, [this](const AttemptId& one) { return !running.contains(one); });
    message.started = std::exchange(started, {});
    acts.push_back(act::Send{std::move(message)});
  }
}

}  // namespace pcluster
