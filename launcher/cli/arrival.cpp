// Reads off a status whether the workers have come.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/arrival.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace pcluster {

Arrival look(const Status& status, const Expected& expected) {
  Arrival arrival;
  arrival.wanted = expected.workers;
  arrival.queued = true;
  std::set<std::string> hosts;
  std::map<std::string, std::uint32_t> home_of;  // by job
  for (const auto& worker : status.workers) {
    if (worker.pool != expected.pool || (worker.state != "idle" && worker.state != "busy"))
      continue;
    ++arrival.home;
    ++home_of[worker.job_id];
    hosts.insert(worker.host);
  }
  arrival.hosts = static_cast<std::uint32_t>(hosts.size());
  for (const auto& job : status.jobs) {
    if (job.pool != expected.pool) continue;
    const bool ours = job.token == expected.token || job.token.starts_with(expected.token + "_");
    const bool held_back = job.state == JobState::submitting && !job.reason.empty();
    if (ours && held_back) ++arrival.held_back;
    if (job.state == JobState::submitting && ours && !held_back) arrival.queued = false;
    if (job.state == JobState::ended) {
      if (ours && job.workers.empty()) arrival.died.push_back(job);
    } else if (job.state == JobState::submitting || home_of[job.job_id] < expected.nodes) {
      arrival.absent.push_back(job);
    }
  }
  arrival.complete = arrival.home >= arrival.wanted;
  // A pool may replace jobs that died: when as many died as were asked for, more will not help.
  const bool all_died =
      arrival.home == 0 && expected.new_jobs > 0 && arrival.died.size() >= expected.new_jobs;
  const bool rests = arrival.home == 0 && !arrival.died.empty() &&
                     std::ranges::all_of(arrival.absent, [](const JobRow& job) {
                       return job.state == JobState::submitting && !job.reason.empty();
                     });
  arrival.hopeless = !arrival.complete && (arrival.absent.empty() || all_died || rests);
  arrival.refused = arrival.hopeless && arrival.died.empty() && !status.submit_error.empty();
  arrival.explained =
      !arrival.absent.empty() && std::ranges::all_of(arrival.absent, [](const JobRow& job) {
        return job.state == JobState::pending && !job.reason.empty();
      });
  arrival.never = arrival.explained &&
                  std::ranges::all_of(arrival.absent, [](const JobRow& job) { return job.never; });
  return arrival;
}

}  // namespace pcluster
