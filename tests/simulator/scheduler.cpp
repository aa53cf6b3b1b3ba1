// A batch scheduler that loses answers, lies and is slow.
// SPDX-License-Identifier: MIT
#include "tests/simulator/scheduler.hpp"

#include <algorithm>

namespace pcluster::sim {

Scheduler::Answer Scheduler::submit(const std::string& token, std::uint32_t count) {
  ++commands;
  if (lies_ && chance_.percent(10)) return {Outcome::refused, {}};
  if (lies_ && chance_.percent(15)) return {Outcome::unanswered, {}};  // it never arrived
  if (most_jobs > 0 && alive() + count > most_jobs) return {Outcome::full, {}};
  Answer answer;
  const auto array = std::to_string(next_++);
  for (std::uint32_t i = 0; i < count; ++i) {
    SimJob job;
    job.id = count == 1 ? array : array + "_" + std::to_string(i);
    job.token = token;
    job.visible_at = clock_.now + (lies_ ? chance_.between(0, 3) * second : 0);
    job.node = choose_node();
    jobs_[job.id] = job;
    answer.ids.push_back(job.id);
    const auto late = lies_ && chance_.percent(20) ? 60 * second : 2 * second;
    clock_.after(chance_.between(100 * millisecond, late), [this, id = job.id] { start(id); });
  }
  if (lies_ && chance_.percent(20)) return {Outcome::unanswered, {}};  // its answer is lost
  return answer;
}

std::uint32_t Scheduler::alive() const {
  std::uint32_t count = 0;
  for (const auto& [id, job] : jobs_) count += job.state != JobState::ended ? 1 : 0;
  return count;
}

std::string Scheduler::choose_node() {
  for (std::uint32_t first = bad_node > 0 ? bad_node : 1, i = first;; i = i % 4 + 1) {
    auto node = "node" + std::to_string(i);
    const bool busy = std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
      return entry.second.node == node && entry.second.state != JobState::ended;
    });
    const bool out = std::find(excluded.begin(), excluded.end(), node) != excluded.end();
    if (!out && (!busy || i % 4 + 1 == first)) return node;
    if (i % 4 + 1 == first) return out ? "node4" : node;
  }
}

void Scheduler::start(const std::string& id) {
  auto& job = jobs_[id];
  if (job.state != JobState::pending) return;
  job.state = JobState::running;
  const bool bad = bad_node > 0 && job.node == "node" + std::to_string(bad_node);
  if (bad || (dies_percent > 0 && chance_.percent(dies_percent))) {
    clock_.after(chance_.between(10, 500) * millisecond, [this, id] { end(id); });
    return;
  }
  if (walltime_ > 0) {
    job.end_unix = unix_start + clock_.now + walltime_;
    clock_.after(walltime_, [this, id] { end(id); });
  }
  starts(job);
}

void Scheduler::end(const std::string& id) {
  auto& job = jobs_[id];
  if (job.state == JobState::ended) return;
  const bool ran = job.state == JobState::running;
  job.state = JobState::ended;
  job.ended_at = clock_.now;
  if (ran) ends(job);
}

void Scheduler::cancel(const std::vector<std::string>& ids) {
  ++commands;
  for (const auto& id : ids)
    clock_.after(chance_.between(10, 1000) * millisecond, [this, id] {
      if (jobs_.contains(id)) end(id);
    });
}

Scheduler::Answer Scheduler::look_up(const std::string& token) {
  ++commands;
  if (lies_ && chance_.percent(30)) return {Outcome::unanswered, {}};
  Answer answer;
  for (auto& [id, job] : jobs_) {
    if (job.token != token) continue;
    if (job.visible_at > clock_.now)
      job.lied_about = true;
    else
      answer.ids.push_back(id);
  }
  return answer;
}

bool Scheduler::poll(const std::vector<std::string>& tokens, std::vector<JobSeen>& seen) {
  ++commands;
  if (lies_ && chance_.percent(15)) return false;
  for (auto& [id, job] : jobs_) {
    if (std::find(tokens.begin(), tokens.end(), job.token) == tokens.end()) continue;
    if (job.state == JobState::ended && clock_.now - job.ended_at > 300 * second) continue;
    if (job.visible_at > clock_.now || (lies_ && chance_.percent(10))) {
      job.lied_about = true;
      continue;
    }
    JobSeen one{id, job.state, "STATE", "reason", job.node, job.end_unix, false};
    if (lies_ && chance_.percent(10)) {
      one.state = JobState::unknown;
      one.word = "SPECIAL_EXIT";
    } else if (lies_ && job.state != JobState::ended && chance_.percent(5)) {
      job.lied_about = true;
      one.state = JobState::ended;
    }
    seen.push_back(one);
  }
  return true;
}

}  // namespace pcluster::sim
