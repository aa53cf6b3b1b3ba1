// Jobs that end: before a worker of theirs is home, after some in a row the pool rests, longer and
// longer; a node where they do while others do well is left out.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/core/fleet.hpp"

namespace pcluster {
namespace {

constexpr std::size_t most_excluded = 50;  // nodes of a pool; more are not the nodes' fault

// One node, not "n[1-3]": of several nobody knows which it was.
bool is_one_node(const std::string& nodes) {
  return !nodes.empty() && nodes.find_first_of("[],+ ()") == std::string::npos;
}

std::string until(Time at, Time now, Micros unix_now) { return show_utc(unix_now + (at - now)); }

}  // namespace

void Fleet::end_job(Job& job, const std::string& word, const std::string& reason, Time now,
                    Effects& out) {
  const bool failed = !job.started && !job.cancelled && !stopping_;
  news_ = news_ || !job.cancelled;
  record(JobEnded{job.id, word, reason}, out);
  if (failed && pools_.contains(job.pool)) failed_at_start(job, now, out);
}

// No job of ours any more, before the queue can tell: what is asked for now comes beside it.
void Fleet::said_bye(const std::string& job_id, const std::string& reason) {
  auto& job = jobs_[job_id];
  const auto* of = pool(job.pool);
  ++job.byes;
  if (job.home > 0 || job.byes < (of == nullptr ? 1 : std::max(1u, of->asked.spec.nodes))) return;
  job.left = true;
  if (job.reason.empty()) job.reason = "its worker left: " + reason;
}

void Fleet::failed_at_start(const Job& job, Time now, Effects& out) {
  auto& of = pools_[job.pool];
  ++of.failures;
  of.trouble = fmt::format("{} job{} in a row ended before a worker was home (job {}: {})",
                           of.failures, of.failures == 1 ? "" : "s", job.id,
                           job.reason.empty() || job.reason == "None" ? job.word : job.reason);
  if (exclude(of, job, out)) {
    of.failures = 0;
    return;
  }
  // What ends while the pool rests was asked for before.
  if (of.failures >= policy_.failures && now >= of.paused_until) pause_pool(of, now);
}

void Fleet::pause_pool(Pool& of, Time now) {
  const auto rest = policy_.first_rest << std::min(of.pauses++, 10u);
  of.paused_until = now + std::min(policy_.longest_rest, rest);
}

bool Fleet::exclude(Pool& of, const Job& job, Effects& out) {
  if (!is_one_node(job.nodes) || of.excluded.size() >= most_excluded) return false;
  if (std::ranges::find(of.excluded, job.nodes) != of.excluded.end()) return false;
  const auto host = job.nodes.substr(0, job.nodes.find('.'));
  if (++of.bad_hosts[host] < policy_.bad_node) return false;
  const bool elsewhere =
      std::ranges::any_of(of.good_hosts, [&](const auto& good) { return good != host; });
  if (!elsewhere) return false;
  record(NodeExcluded{of.asked.pool, job.nodes,
                      fmt::format("{} jobs ended there before a worker was home, the last: {} {}",
                                  of.bad_hosts[host], job.word, job.reason)},
         out);
  return true;
}

// A worker came home.
void Fleet::forgive(Pool& of) {
  of.failures = of.pauses = 0;
  of.paused_until = 0;
  of.trouble.clear();
}

// A person asks again.
void Fleet::unblock(Pool& of) {
  forgive(of);
  of.full_until = 0;
  of.fulls = of.most_at_once = 0;
  of.full.clear();
}

std::string Fleet::paused(const Pool& of, Time now, Micros unix_now) const {
  if (of.paused_until > now)
    return fmt::format("{}; no more are asked for until {}", of.trouble,
                       until(of.paused_until, now, unix_now));
  if (of.full_until > now)
    return fmt::format("the scheduler takes no more of your jobs ({}); asked again at {}", of.full,
                       until(of.full_until, now, unix_now));
  return {};
}

std::string Fleet::held_back(const Submit& submit, Time now, Micros unix_now) const {
  const auto* of = pool(submit.began.pool);
  if (submit.phase != Submit::Phase::waiting || of == nullptr) return {};
  if (auto why = paused(*of, now, unix_now); !why.empty()) return why;
  const auto most = of->asked.spec.manners.max_jobs;
  if (most_now(*of) == 0) return fmt::format("at most {} jobs at a time", most);
  const auto at = may_submit(*of, submit.prompt);
  return at && *at > now
             ? fmt::format("submits are some time apart; next at {}", until(*at, now, unix_now))
             : "the submit before it goes on";
}

}  // namespace pcluster
