// The agent at the end of its job: takes no more tasks, gives back what waits, and hands back what
// still runs shortly before.  Pure.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <csignal>
#include <utility>

#include "mpi-runtime/agent_state.hpp"

namespace pcluster {

Acts Agent::warned(Micros within, Time now) {
  Acts acts;
  auto& s = *state_;
  if (s.left) return acts;
  if (within > 0)
    s.expect_end(now + within, now);
  else
    s.warn_at = now;
  s.look_at_end(now, acts);
  s.flush(now, acts);
  s.depart(now, acts);
  return acts;
}

// All processes of the job are being told, so that nothing is waited for: before the launcher could
// hear that a gang's part is gone it hears why.
Acts Agent::job_ended(const std::string& reason, Time) {
  Acts acts;
  auto& s = *state_;
  if (!s.left) s.leave(reason, acts);
  return acts;
}

// A later word about the end counts, too: jobs are given more time, or less.
void Agent::State::expect_end(Time end, Time now) {
  const auto rest = std::max<Micros>(0, end - now);
  ends = end;
  warn_at = std::max(now, end - limits.warning);
  hand_back_at = end - std::min(limits.hand_back_before, std::min(limits.warning, rest) / 2);
}

void Agent::State::say_leaving(Time now, Acts& acts) {
  acts.push_back(act::Send{Leaving{ending, ends ? std::max<Micros>(0, *ends - now) : 0}});
}

// Parts of gangs stay in the queue: their heads decide.  What the launcher does not hear of now it
// finds missing in the next Hello, and gives to others.
void Agent::State::take_no_more(const std::string& reason, Time now, Acts& acts) {
  ending = reason;
  Returned back;
  std::erase_if(queue, [&](const Waiting& one) {
    if (!one.lent) back.attempts.push_back(one.attempt);
    return !one.lent;
  });
  if (welcomed) {
    say_leaving(now, acts);
    if (!back.attempts.empty()) acts.push_back(act::Send{std::move(back)});
  }
  start(now, acts);
}

void Agent::State::hand_back(Time now, Acts& acts) {
  handing_back = true;
  Time last = now;
  for (auto& [attempt, task] : running) {
    task.limit.reset();
    if (!task.kill) {
      task.kill = now + patience(*task.task);
      acts.push_back(act::Signal{attempt, SIGTERM});
    }
    last = std::max(last, *task.kill);
  }
  bye_at = last + second;  // one that does not die is not waited for
}

void Agent::State::look_at_end(Time now, Acts& acts) {
  if (warn_at && ending.empty() && now >= *warn_at) {
    const auto rest = ends ? std::max<Micros>(0, *ends - now) : 0;
    take_no_more(rest > 0 ? "its job ends in " + show_duration(rest) : "its job ends soon", now,
                 acts);
  }
  if (hand_back_at && !handing_back && now >= *hand_back_at) hand_back(now, acts);
}

// Not without a word: the launcher would think that it was lost, and its tasks with it.
void Agent::State::depart(Time now, Acts& acts) {
  if (left || ending.empty() || !welcomed) return;
  const bool all_over = running.empty() && queue.empty() && lent.empty() && results.empty();
  const bool enough = handing_back && (running.empty() || now >= bye_at.value_or(now));
  if (all_over || enough) leave("its job ends", acts);
}

}  // namespace pcluster
