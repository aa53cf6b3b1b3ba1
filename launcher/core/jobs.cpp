// Jobs: what the scheduler shows of them, who came home, and their end.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "launcher/core/fleet.hpp"

namespace pcluster {
namespace {

constexpr std::uint32_t misses_until_ended = 3;  // looks at the queue without the job
constexpr Time not_yet = -1;                     // its end has not been asked for

}  // namespace

// Whoever is home is not asked about, but once: when does its job end?
bool Fleet::to_poll(const Job& job) const {
  if (job.ended()) return false;
  const auto* of = pool(job.pool);
  const auto nodes = of == nullptr ? 1u : std::max(1u, of->asked.spec.nodes);
  return job.home < nodes || !job.end_asked;
}

bool Fleet::missed_last(const Job& job) const { return job.misses > 0 && to_poll(job); }

void Fleet::schedule_poll(Time now) {
  if (next_poll_ || polling_) return;
  if (std::none_of(jobs_.begin(), jobs_.end(), [&](const auto& j) { return to_poll(j.second); }))
    return;
  // A job that was not listed has probably ended, and somebody waits to be told.
  const bool missed =
      std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& j) { return missed_last(j.second); });
  next_poll_ = now + policy_.first_poll;
  if (unheard_polls_ > 0)
    next_poll_ = now + std::max(poll_interval(), pause(policy_.poll, unheard_polls_ - 1));
  else if (!missed)
    next_poll_ = std::max(last_poll_ + poll_interval(), *next_poll_);
}

// As the sites want it, the slowest of those whose jobs are looked for; and more and more seldom
// while nothing happens: whoever comes home says so himself.
Micros Fleet::poll_interval() const {
  Micros slowest = 0;
  for (const auto& [id, job] : jobs_)
    if (const auto* of = pool(job.pool); of != nullptr && to_poll(job))
      slowest = std::max(slowest, of->asked.spec.manners.poll);
  return (slowest > 0 ? slowest : policy_.poll) << std::min(quiet_polls_ / policy_.quiet_polls, 2u);
}

void Fleet::look_at_queue(Time now, Effects& out) {
  if (next_poll_ && *next_poll_ <= now && !polling_ && adapters_due_.empty()) {
    next_poll_.reset();
    last_poll_ = now;
    for (const auto& [id, job] : jobs_) {
      if (!to_poll(job)) continue;
      const auto& adapter = adapter_of(job.token);
      if (std::find(adapters_due_.begin(), adapters_due_.end(), adapter) == adapters_due_.end())
        adapters_due_.push_back(adapter);
    }
  }
  if (polling_ || adapters_due_.empty()) return;
  polling_ = adapters_due_.back();
  adapters_due_.pop_back();
  std::vector<std::string> tokens;
  polled_jobs_.clear();
  for (const auto& [id, job] : jobs_) {
    if (!to_poll(job) || adapter_of(job.token) != *polling_) continue;
    polled_jobs_.push_back(id);
    if (std::find(tokens.begin(), tokens.end(), job.token) == tokens.end())
      tokens.push_back(job.token);
  }
  out.now.push_back(effect::Poll{*polling_, std::move(tokens)});
}

void Fleet::polled(const event::Polled& said, Time now, Effects& out) {
  if (!polling_) return;
  polling_.reset();
  unheard_polls_ = said.answered ? 0 : unheard_polls_ + 1;
  news_ = false;
  if (said.answered) {
    std::set<std::string> listed;
    for (const auto& one : said.jobs) {
      listed.insert(one.job_id);
      if (!jobs_.contains(one.job_id) && one.state != JobState::ended && submit(one.token))
        record(SubmitAnswered{one.token, {one.job_id}}, out);  // ours, by its name
      const auto found = jobs_.find(one.job_id);
      if (found != jobs_.end()) seen(found->second, one, now, out);
    }
    missing(listed, now, out);
    cancel_again(said.jobs, now, out);
    quiet_polls_ = news_ ? 0 : quiet_polls_ + 1;
  }
  schedule_poll(now);
}

void Fleet::seen(Job& job, const JobSeen& said, Time now, Effects& out) {
  job.misses = 0;
  if (!said.nodes.empty()) job.nodes = said.nodes;
  if (said.state == JobState::ended) {
    // Its worker knows better, as long as it is home.
    if (job.home == 0 && !job.ended()) end_job(job, said.word, said.reason, now, out);
    return;
  }
  if (job.ended()) return;
  if (said.state == JobState::pending && std::exchange(job.left, false))  // to run once more
    recount_.insert(job.pool);
  job.state = job.home > 0 ? JobState::running : said.state;
  job.word = said.word;
  job.reason = said.reason;
  job.never = said.never;
  if (said.state == JobState::running) {
    job.end_unix = said.end_unix;
    job.end_asked = true;
  }
}

// The first time it was not heard, or the job is slow to end: all in one command, and seldom.
void Fleet::cancel_again(const std::vector<JobSeen>& listed, Time now, Effects& out) {
  std::vector<std::string> ids;
  for (const auto& one : listed) {
    const auto found = jobs_.find(one.job_id);
    if (found == jobs_.end() || found->second.ended()) continue;
    auto& job = found->second;
    if (job.ask_again == not_yet) job.ask_again = now + policy_.cancel_again;
    if ((!job.cancelled && !stopping_) || now < job.ask_again) continue;
    job.ask_again = now + policy_.cancel_again;
    ids.push_back(job.id);
  }
  cancel(std::move(ids), out);
}

// Not listed once may be a lie or a delay; again and again means that it is over.
void Fleet::missing(const std::set<std::string>& listed, Time now, Effects& out) {
  for (const auto& id : std::exchange(polled_jobs_, {})) {
    auto& job = jobs_[id];
    if (listed.contains(id) || job.ended() || job.home > 0) continue;
    news_ = true;
    if (++job.misses < misses_until_ended) continue;
    end_job(job, "MISSING", "the scheduler does not list it any more", now, out);
  }
}

// One command for all that a turn cancels, whoever says so.
void Fleet::cancel(std::vector<std::string> ids, Effects& out) {
  std::map<std::string, std::vector<std::string>> by_adapter;
  for (auto& id : ids) {
    auto& job = jobs_[id];
    if (job.ended()) continue;
    job.cancelled = true;
    set_draining(job, false);
    by_adapter[adapter_of(job.token)].push_back(std::move(id));
  }
  for (auto& effect : out.now) {
    auto* earlier = std::get_if<effect::Cancel>(&effect);
    if (earlier == nullptr || !by_adapter.contains(earlier->adapter)) continue;
    auto more = by_adapter.extract(earlier->adapter);
    earlier->job_ids.insert(earlier->job_ids.end(), more.mapped().begin(), more.mapped().end());
  }
  for (auto& [adapter, some] : by_adapter)
    out.now.push_back(effect::Cancel{adapter, std::move(some)});
}

void Fleet::cancel_job(const std::string& job_id, Effects& out) {
  const auto found = jobs_.find(job_id);
  if (found == jobs_.end()) return;
  auto& job = found->second;
  const auto* of = pool(job.pool);
  // Its workers have been told, and the script ends with them: no command, unless it is slow.
  if (of == nullptr || !of->asked.automatic || job.home < std::max(1u, of->asked.spec.nodes))
    return cancel({job_id}, out);
  job.cancelled = true;
  job.ask_again = not_yet;
  set_draining(job, false);
}

// Ctrl-C in `submit`: what it queued and what has not started.
void Fleet::cancel(const CancelJobs& asked, Effects& out) {
  std::map<PoolId, std::uint32_t> fewer;
  std::vector<std::string> ids;
  const auto asked_for = [&](const std::string& token) {
    return std::ranges::find(asked.tokens, family(token)) != asked.tokens.end();
  };
  for (auto& [token, submit] : submits_) {
    if (!asked_for(token) || submit.cancelled) continue;
    // Its SubmitRefused or Cancel counts it out.
    if (submit.open()) record(SubmitCancelled{token}, out);
    std::size_t count = 0;
    for (const auto& [id, job] : jobs_) {
      if (job.token != token || job.ended() || job.cancelled) continue;
      const bool started = job.started || job.state == JobState::running;
      if (!asked.queued_only || !started) ids.push_back(id), ++count;
    }
    fewer[submit.began.pool] += static_cast<std::uint32_t>(count);
  }
  cancel(std::move(ids), out);
  for (const auto& [id, count] : fewer) want_fewer(id, count, out);
}

void Fleet::want_fewer(PoolId id, std::size_t count, Effects& out) {
  auto asked = pools_[id].asked;
  const auto others = std::min(asked.jobs, living(id));  // `scale` may have counted these out
  asked.jobs -= std::min(asked.jobs, static_cast<std::uint32_t>(count));
  asked.jobs = std::max(asked.jobs, others);
  if (count > 0) record(asked, out);
}

void Fleet::ask_fewer(PoolId id, std::uint32_t count, Effects& out) {
  auto asked = pools_[id].asked;
  if (asked.jobs == count && !asked.automatic) return;
  asked.jobs = count;
  asked.automatic = false;
  record(asked, out);
  if (count == 0) forget_open(id);
}

// What is still on its way to the scheduler is not wanted any more.
void Fleet::forget_open(PoolId id) {
  for (auto& [token, submit] : submits_)
    if (submit.began.pool == id && submit.open()) submit.cancelled = true;
}

void Fleet::set_draining(Job& job, bool drains) {
  if (std::exchange(job.draining, drains) == drains) return;
  drains ? static_cast<void>(draining_.insert(job.id)) : static_cast<void>(draining_.erase(job.id));
  redrained_.insert(job.id);
}

void Fleet::drain(const std::string& job_id) { set_draining(jobs_[job_id], true); }

// Jobs are wanted again: those that drain are the first.
std::uint32_t Fleet::keep_draining(PoolId id, std::uint32_t most) {
  std::uint32_t kept = 0;
  for (const auto& job_id : std::set<std::string>(draining_)) {
    auto& job = jobs_[job_id];
    if (job.pool != id || job.ended() || kept == most) continue;
    set_draining(job, false);
    ++kept;
  }
  if (kept > 0) recount_.insert(id);
  return kept;
}

void Fleet::dismiss(const Pool& of, Effects& out) {
  if (of.asked.jobs > 0) {
    auto none = of.asked;
    none.jobs = 0;
    record(none, out);
  }
  std::vector<std::string> ids;
  for (const auto& [id, job] : jobs_)
    if (job.pool == of.asked.pool && !job.ended()) ids.push_back(id);
  forget_open(of.asked.pool);
  cancel(std::move(ids), out);
}

void Fleet::cancel_all(Effects& out) {
  stopping_ = true;
  std::vector<std::string> ids;
  for (const auto& [id, job] : jobs_)
    if (!job.ended()) ids.push_back(id);
  cancel(std::move(ids), out);
}

void Fleet::came_home(const std::string& job_id, Time now) {
  auto& job = jobs_[job_id];
  ++job.home;
  ++pools_[job.pool].home;
  job.started = true;
  job.byes = 0;
  job.reason.clear();  // to wait
  if (job.ended() || std::exchange(job.left, false)) recount_.insert(job.pool);
  job.state = JobState::running;
  forgive(pools_[job.pool]);
  worked(job.pool, now);
  schedule_poll(now);
}

void Fleet::left_home(const std::string& job_id, Time now) {
  auto& job = jobs_[job_id];
  if (job.home > 0) --job.home, --pools_[job.pool].home;
  if (!job.cancelled) quiet_polls_ = 0;
  schedule_poll(now);
}

void Fleet::worked(PoolId id, Time now) {
  const auto found = pools_.find(id);
  if (found != pools_.end()) found->second.busy_at = std::max(found->second.busy_at, now);
}

}  // namespace pcluster
