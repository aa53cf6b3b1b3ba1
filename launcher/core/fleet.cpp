// Pools and submits: asking for jobs and learning what came of it.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/fleet.hpp"

#include <algorithm>
#include <utility>

namespace pcluster {
namespace {

using Phase = Submit::Phase;

// Short, sortable, valid in a job's name, and not used by an earlier cluster of the same name,
// whose ended jobs the scheduler may still list, nor by another one that began in the same second.
std::string base36(std::uint64_t value, std::size_t width) {
  std::string text;
  for (; value > 0 || text.size() < width; value /= 36)
    text.insert(text.begin(), "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36]);
  return text;
}

// "n1" of "n1.cluster.example": workers and schedulers do not agree about the rest.
std::string first_label(const std::string& host) { return host.substr(0, host.find('.')); }

}  // namespace

std::string Fleet::next_token(Micros unix_now) const {
  return base36(static_cast<std::uint64_t>(std::max<Micros>(unix_now, 0)), 10) +
         base36(submits_.size(), 1);
}

void Fleet::record(Record record, Effects& out) {
  apply(record);
  out.append.push_back(std::move(record));
}

void Fleet::apply(const Record& record) {
  if (const auto* asked = std::get_if<PoolAsked>(&record)) {
    apply_asked(*asked);
  } else if (const auto* began = std::get_if<SubmitBegan>(&record)) {
    const auto of = submits_.find(began->part_of.empty() ? family(began->token) : began->part_of);
    if (of != submits_.end() && !submits_.contains(began->token))
      of->second.began.count -= std::min(of->second.began.count, began->count);
    submits_[began->token].began = *began;
    if (submits_[began->token].open()) open_.insert(began->token);
  } else if (const auto* answered = std::get_if<SubmitAnswered>(&record)) {
    submits_[answered->token].phase = Phase::answered;
    open_.erase(answered->token);
    for (const auto& id : answered->job_ids) add_job(id, answered->token);
    recount_.insert(submits_[answered->token].began.pool);
  } else if (const auto* refused = std::get_if<SubmitRefused>(&record)) {
    auto& submit = submits_[refused->token];
    submit.phase = Phase::refused;
    open_.erase(refused->token);
    auto& of = pools_[submit.began.pool].asked;
    if (!of.automatic) of.jobs -= std::min(of.jobs, submit.began.count);
  } else if (const auto* cancelled = std::get_if<SubmitCancelled>(&record)) {
    auto& submit = submits_[cancelled->token];
    submit.cancelled = true;
    if (submit.open()) open_.insert(cancelled->token);
  } else if (const auto* ended = std::get_if<JobEnded>(&record)) {
    const auto found = jobs_.find(ended->job_id);
    if (found == jobs_.end()) return;
    found->second.state = JobState::ended;
    set_draining(found->second, false);
    found->second.word = ended->word;
    found->second.reason = ended->reason;
  } else if (const auto* joined = std::get_if<WorkerJoined>(&record)) {
    apply_joined(*joined);
  } else if (const auto* excluded = std::get_if<NodeExcluded>(&record)) {
    pools_[excluded->pool].excluded.push_back(excluded->host);
  } else if (std::holds_alternative<StopAsked>(record)) {
    stopping_ = true;
  }
}

void Fleet::apply_asked(const PoolAsked& asked) {
  auto& pool = pools_[asked.pool];
  const bool another = pool.asked.spec != asked.spec;
  // Begun anew by a person, or another shape: what was wrong with a node then may be so no more.
  if (another || (pool.asked.jobs == 0 && !pool.asked.automatic)) pool.excluded.clear();
  if (another) pool.slots = 0, pool.size = {}, pool.good_hosts.clear(), pool.bad_hosts.clear();
  pool.fewer = pool.fewer || asked.jobs < pool.asked.jobs;
  pool.asked = asked;
  recount_.insert(asked.pool);
}

// A worker proves its job, whatever the scheduler said of it, or did not say.
void Fleet::apply_joined(const WorkerJoined& joined) {
  add_job(joined.job_id, joined.token);
  auto& job = jobs_[joined.job_id];
  if (job.ended()) recount_.insert(job.pool);
  job.state = JobState::running;
  job.started = true;
  const auto found = pools_.find(job.pool);
  if (found == pools_.end()) return;
  auto& pool = found->second;
  pool.slots = std::max(pool.slots, joined.slots);
  pool.size.cores = std::max(pool.size.cores, joined.size.cores);
  pool.size.memory_mb = std::max(pool.size.memory_mb, joined.size.memory_mb);
  pool.size.gpus = std::max(pool.size.gpus, joined.size.gpus);
  const auto host = first_label(joined.host);
  pool.good_hosts.insert(host);
  pool.bad_hosts.erase(host);
}

void Fleet::add_job(const std::string& id, const std::string& token) {
  const auto [found, is_new] = jobs_.try_emplace(id);
  auto& job = found->second;
  if (is_new) order_.push_back(id);
  job.id = id;
  job.token = token;
  const auto* known = submit(token);
  if (known != nullptr) job.pool = known->began.pool;
  if (is_new) recount_.insert(job.pool);
}

// A submit command of the launcher before us may still run, and be heard late.
void Fleet::begin(Time now, Micros unix_now) {
  for (auto& [token, submit] : submits_) {
    if (!submit.open()) continue;
    const auto since = std::max<Micros>(0, unix_now - submit.began.at_unix);
    submit.phase = Phase::lost;
    submit.look_at = now;
    submit.unknown_since.reset();
    submit.not_before = now + std::max<Micros>(0, policy_.submit_limit - since);
    last_submit_[adapter_of(token)] = now;  // it may have been just now
  }
  for (auto& [id, pool] : pools_) {
    pool.busy_at = now;
    if (pool.asked.jobs == 0) forget_open(id);
  }
  last_poll_ = now - poll_interval();
  schedule_poll(now);
}

JobsAccepted Fleet::ask(const SubmitJobs& asked, Time now, Micros unix_now, Effects& out) {
  PoolAsked pool{PoolId{static_cast<std::uint32_t>(pools_.size())},
                 asked.pool,
                 asked.spec,
                 asked.count,
                 asked.idle_timeout,
                 asked.orphan_timeout};
  std::uint32_t have = 0;
  if (const auto* known = this->pool(asked.pool)) {
    pool.pool = known->asked.pool;
    have = living(pool.pool);
    if (have < asked.count) have += keep_draining(pool.pool, asked.count - have);
    pool.jobs = std::max(asked.count, have);
  }
  record(pool, out);
  pools_[pool.pool].busy_at = now;
  unblock(pools_[pool.pool]);
  JobsAccepted answer{"", 0, asked.count * std::max(1u, asked.spec.nodes), asked.pool};
  if (have >= asked.count) return answer;
  error.clear();
  hint.clear();
  answer.new_jobs = asked.count - have;
  answer.token = begin_submit(pool.pool, answer.new_jobs, true, unix_now, out);
  return answer;
}

void Fleet::submitted(const event::Submitted& said, Time now, Effects& out) {
  const auto found = submits_.find(said.token);
  if (found == submits_.end()) return;
  answered(found->second, now);
  pools_[found->second.began.pool].fulls = 0;
  record(SubmitAnswered{said.token, said.job_ids}, out);
  if (found->second.cancelled || stopping_) cancel(said.job_ids, out);
  if (found->second.cancelled) want_fewer(found->second.began.pool, said.job_ids.size(), out);
  if (!found->second.prompt) return schedule_poll(now);  // nobody waits for the answer
  quiet_polls_ = 0;
  next_poll_ = std::min(next_poll_.value_or(now + policy_.first_poll), now + policy_.first_poll);
}

// Not at once: a slow scheduler may be about to take the submit.
void Fleet::unanswered(const event::SubmitUnanswered& said, Time now) {
  const auto found = submits_.find(said.token);
  if (found == submits_.end() || found->second.phase != Phase::launching) return;
  answered(found->second, now);
  look_later(found->second, now + policy_.lookup);
}

void Fleet::looked_up(const event::LookedUp& said, Time now, Effects& out) {
  const auto found = submits_.find(said.token);
  if (found == submits_.end() || found->second.phase != Phase::looking) return;
  auto& submit = found->second;
  const auto proven = jobs_of(said.token);  // a worker is home, whatever the scheduler lists
  if (!said.answered) {
    look_later(submit, now + pause(policy_.lookup, submit.unheard++));
  } else if (!said.job_ids.empty() || !proven.empty()) {
    submitted({said.token, said.job_ids.empty() ? proven : said.job_ids}, now, out);
  } else if (submit.cancelled || stopping_) {
    refuse(submit, {said.token, "cancelled before it was submitted", ""}, out);
  } else if (!submit.unknown_since || now < *submit.unknown_since + policy_.relaunch ||
             now < submit.not_before) {
    if (!submit.unknown_since) submit.unknown_since = now;
    submit.unheard = 0;
    look_later(submit, now + policy_.lookup);
  } else {
    submit.phase = Phase::waiting;
    submit.unknown_since.reset();
  }
}

void Fleet::look_later(Submit& submit, Time at) {
  submit.phase = Phase::lost;
  submit.look_at = at;
}

// Longer and longer while nobody answers.
Micros Fleet::pause(Micros first, std::uint32_t unheard) const {
  return std::min(policy_.longest_pause, first << std::min(unheard, 10u));
}

// SubmitRefused counts its jobs out.  Where `scale` has asked for less meanwhile, they are out
// already: the number is raised first, so that the others do not pay for them.
void Fleet::refuse(Submit& submit, SubmitRefused words, Effects& out) {
  submit.phase = Phase::refused;
  auto asked = pools_[submit.began.pool].asked;
  if (asked.automatic) return record(std::move(words), out);
  const auto others = std::min(asked.jobs, living(submit.began.pool));
  if (asked.jobs < others + submit.began.count) {
    asked.jobs = others + submit.began.count;
    record(asked, out);
  }
  record(std::move(words), out);
}

void Fleet::tick(Time now, Micros unix_now, Effects& out) {
  for (const auto& token : open_) {
    auto& submit = submits_[token];
    if (submit.phase != Phase::lost || submit.look_at > now) continue;
    submit.phase = Phase::looking;
    out.now.push_back(effect::LookUp{token, adapter_of(token)});
  }
  launch_waiting(now, unix_now, out);
  look_at_queue(now, out);
}

std::optional<Time> Fleet::deadline() const {
  std::optional<Time> first;
  const auto at = [&](Time time) { first = std::min(first.value_or(time), time); };
  for (const auto& token : open_)
    if (const auto& submit = submits_.at(token); submit.phase == Phase::lost)
      at(submit.look_at);
    else if (submit.phase == Phase::waiting)
      if (const auto turn = launch_at(submit)) at(*turn);
  if (next_poll_ && !polling_) at(*next_poll_);
  if (stopping_) return first;
  for (const auto& [id, pool] : pools_)
    if (pool.home > 0 && pool.asked.idle_timeout > 0 && pool.asked.jobs > 0)
      at(pool.busy_at + pool.asked.idle_timeout);
  return first;
}

}  // namespace pcluster
