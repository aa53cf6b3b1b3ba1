// Submits that wait for their turn: not too many jobs, not too large, not too often, and not while
// the pool rests.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "launcher/core/fleet.hpp"

namespace pcluster {
namespace {

using Phase = Submit::Phase;
constexpr auto any_number = std::numeric_limits<std::uint32_t>::max();

}  // namespace

std::string family(const std::string& token) { return token.substr(0, token.find('_')); }

std::string Fleet::begin_submit(PoolId pool, std::uint32_t count, bool prompt, Micros unix_now,
                                Effects& out) {
  error.clear();
  hint.clear();
  const auto token = next_token(unix_now);
  record(SubmitBegan{token, pool, count, unix_now}, out);
  submits_[token].prompt = prompt;
  return token;
}

// The rest stays where it was, under its own token, for another time.
Submit& Fleet::begin_part(const Submit& whole, std::uint32_t count, Micros unix_now, Effects& out) {
  const auto head = family(whole.began.token);
  std::string token;
  for (int number = 1; token.empty() || submits_.contains(token); ++number)
    token = fmt::format("{}_{}", head, number);
  record(SubmitBegan{token, whole.began.pool, count, unix_now, whole.began.token}, out);
  return submits_[token];
}

// Queued and running there, or on their way: what a limit of the user's jobs counts.
std::uint32_t Fleet::at_scheduler(const std::string& adapter) const {
  std::uint32_t count = 0;
  for (const auto& [id, job] : jobs_)
    if (!job.ended() && adapter_of(job.token) == adapter) ++count;
  for (const auto& [token, submit] : submits_) {
    if (!submit.open() || submit.phase == Phase::waiting || adapter_of(token) != adapter) continue;
    std::uint32_t known = 0;
    for (const auto& [id, job] : jobs_) known += job.token == token && !job.ended() ? 1 : 0;
    count += submit.began.count - std::min(known, submit.began.count);
  }
  return count;
}

// Jobs in the next submit of the pool, at most.
std::uint32_t Fleet::most_now(const Pool& of) const {
  const auto& manners = of.asked.spec.manners;
  auto most = manners.max_array > 0 ? manners.max_array : any_number;
  if (of.most_at_once > 0) most = std::min(most, of.most_at_once);
  if (manners.max_jobs == 0) return most;
  const auto there = at_scheduler(of.asked.spec.adapter);
  return std::min(most, manners.max_jobs - std::min(there, manners.max_jobs));
}

// The pace is counted from the answer, so that a slow disk or scheduler does not shorten it.
std::optional<Time> Fleet::may_submit(const Pool& of, bool prompt) const {
  const auto every =
      std::max(of.asked.spec.manners.submit_every, prompt ? 0 : policy_.submit_every);
  const auto goes_on = [&](const auto& token) {
    return submits_.at(token).phase == Phase::launching &&
           adapter_of(token) == of.asked.spec.adapter;
  };
  if (every > 0 && std::ranges::any_of(open_, goes_on)) return {};
  if (most_now(of) == 0) return {};
  auto at = std::max(of.paused_until, of.full_until);
  const auto last = last_submit_.find(of.asked.spec.adapter);
  if (every > 0 && last != last_submit_.end()) at = std::max(at, last->second + every);
  return at;
}

std::optional<Time> Fleet::launch_at(const Submit& submit) const {
  if (submit.cancelled || stopping_) return Time{0};  // it is dropped
  const auto* of = pool(submit.began.pool);
  return of == nullptr ? std::nullopt : may_submit(*of, submit.prompt);
}

// The user's own words and the nodes that are left out: no other shape, so no other pool.
JobSpec Fleet::spec_of(const Submit& submit) const {
  const auto& of = *pool(submit.began.pool);
  auto spec = of.asked.spec;
  spec.exclude_nodes.insert(spec.exclude_nodes.end(), of.excluded.begin(), of.excluded.end());
  return spec;
}

// Each once: what is wanted still of one that is dropped is a submit of its own, whose turn is now.
void Fleet::launch_waiting(Time now, Micros unix_now, Effects& out) {
  std::set<std::string> seen;
  for (bool news = true; news;) {
    news = false;
    for (const auto& token : std::set<std::string>(open_)) {
      auto& submit = submits_[token];
      if (submit.phase != Phase::waiting || !seen.insert(token).second) continue;
      news = true;
      launch_in_turn(submit, now, unix_now, out);
    }
  }
}

void Fleet::launch_in_turn(Submit& submit, Time now, Micros unix_now, Effects& out) {
  while (submit.phase == Phase::waiting) {
    const auto at = launch_at(submit);
    if (!at || *at > now || drop_unwanted(submit, unix_now, out)) return;
    const auto most = most_now(*pool(submit.began.pool));
    submit.prompt = submit.prompt && most >= submit.began.count;  // nobody waits for each part
    launch(submit.began.count > most ? begin_part(submit, most, unix_now, out) : submit, now,
           unix_now, out);
  }
}

// Durable with the time of its command: a launcher after us has to know how long that may run.
void Fleet::launch(Submit& submit, Time now, Micros unix_now, Effects& out) {
  auto& began = submit.began;
  if (began.at_unix != unix_now) {
    began.at_unix = unix_now;
    record(SubmitBegan{began}, out);
  }
  submit.phase = Phase::launching;
  last_submit_[adapter_of(began.token)] = now;
  out.after.push_back(effect::Launch{began.token, spec_of(submit), began.count});
}

// Meanwhile fewer jobs may be wanted.  True: this one goes nowhere.
bool Fleet::drop_unwanted(Submit& submit, Micros unix_now, Effects& out) {
  const bool all = submit.cancelled || stopping_;
  const auto above = all ? submit.began.count : surplus(submit.began.pool);
  if (above == 0) return false;
  if (above < submit.began.count)
    begin_part(submit, submit.began.count - above, unix_now, out).prompt = submit.prompt;
  refuse(submit, {submit.began.token, "not wanted any more, and never submitted", ""}, out);
  return true;
}

// The newest first; they have cost nobody anything.
std::uint32_t Fleet::drop_waiting(PoolId pool, Micros unix_now, Effects& out) {
  const auto before = surplus(pool);
  std::vector<std::string> tokens;
  for (const auto& [token, submit] : submits_)
    if (submit.phase == Phase::waiting && submit.began.pool == pool && !submit.cancelled)
      tokens.push_back(token);
  for (; !tokens.empty() && surplus(pool) > 0; tokens.pop_back())
    drop_unwanted(submits_[tokens.back()], unix_now, out);
  const auto after = surplus(pool);
  return before - std::min(before, after);
}

void Fleet::answered(const Submit& submit, Time now) {
  if (submit.phase == Phase::launching) last_submit_[adapter_of(submit.began.token)] = now;
}

// Where the scheduler has too many of our jobs already, the others will end some time; else nothing
// of the submit is left.
void Fleet::failed(const event::SubmitFailed& said, Time now, Effects& out) {
  const auto found = submits_.find(said.token);
  if (found == submits_.end() || !found->second.open()) return;
  auto& submit = found->second;
  auto& of = pools_[submit.began.pool];
  answered(submit, now);
  error = said.message;
  hint = said.hint;
  const bool some_live = std::ranges::any_of(jobs_, [&](const auto& entry) {
    return entry.second.pool == submit.began.pool && !entry.second.ended();
  });
  if (said.later && (some_live || of.asked.automatic)) {
    const auto wait = policy_.full << std::min(of.fulls++, 10u);
    of.full_until = now + std::min(policy_.longest_full, wait);
    of.full = said.message;
    of.most_at_once = std::max(1u, submit.began.count / 2);
    if (!of.asked.automatic) {
      submit.phase = Phase::waiting;
      return;
    }
  } else if (of.asked.automatic) {
    of.trouble = "the scheduler refused them: " + said.message;
    pause_pool(of, now);
  }
  for (auto& [token, other] : submits_)  // the rest would fare no better
    if (!said.later && other.phase == Phase::waiting && family(token) == family(said.token))
      other.cancelled = true;
  refuse(submit, {said.token, said.message, said.hint}, out);
}

void Fleet::automate(PoolId id, const ScaleJobs& scale, Effects& out) {
  auto asked = pools_[id].asked;
  asked.automatic = true;
  asked.least = scale.least;
  asked.most = scale.most;
  asked.idle = scale.idle;
  asked.jobs = std::clamp(living(id), scale.least, scale.most);
  unblock(pools_[id]);
  record(std::move(asked), out);
}

void Fleet::want(PoolId id, std::uint32_t jobs, Effects& out) {
  auto asked = pools_[id].asked;
  if (asked.jobs == jobs) return;
  asked.jobs = jobs;
  record(std::move(asked), out);
}

std::string Fleet::top_up(PoolId id, std::uint32_t jobs, Time now, Micros unix_now, Effects& out) {
  jobs -= keep_draining(id, jobs);
  const auto& of = pools_[id];
  const auto at = may_submit(of, false);
  if (jobs == 0 || !at || *at > now) return {};
  return begin_submit(id, std::min(jobs, most_now(of)), false, unix_now, out);
}

}  // namespace pcluster
