// The rows of `status`, and progress.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <map>

#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

std::string state_of(const Worker& worker) {
  if (worker.gone) return "gone";
  if (!worker.link) return "away";
  if (!worker.ending.empty()) return "leaving";
  if (worker.draining) return "draining";
  if (worker.busy()) return "busy";
  // Until it has answered its welcome it can be given nothing: not there yet.
  return worker.ready || worker.leaving ? "idle" : "away";
}

}  // namespace

Progress Core::State::progress(const Workload& workload) const {
  Progress now;
  now.workload = workload.id;
  now.tasks = workload.tasks;
  now.queued = workload.queue.size();
  now.running = workload.running;
  now.done = workload.done;
  now.failed = workload.failed;
  now.cancelled = workload.cancelled;
  now.finished = workload.finished();
  now.stopped_by_failures = workload.by_failures;
  now.first_exit_code = workload.first_exit_code;
  now.first_signal = workload.first_signal;
  now.slots = ledger.workers.ready_slots();
  now.note = why_doomed(ledger, workload);
  if (now.running == 0 && now.queued > 0) now.note = why_waiting(ledger, fleet, workload, unix_now);
  return now;
}

Progress Core::State::progress(WorkloadId id) const {
  if (const auto* workload = ledger.workloads.find(id)) return progress(*workload);
  Progress last;
  last.workload = id;
  const auto ended = ledger.workloads.ended(id);
  if (!ended) return last;
  last.tasks = ended->tasks;
  last.done = ended->done;
  last.failed = ended->failed;
  last.cancelled = ended->cancelled();
  last.finished = true;
  last.stopped_by_failures = ended->by_failures;
  last.first_exit_code = ended->first_exit_code;
  last.first_signal = ended->first_signal;
  last.slots = ledger.workers.ready_slots();
  if (ended->doomed_by) last.note = why_doomed(ledger, *ended->doomed_by);
  return last;
}

Status Core::State::status() const {
  Status all;
  all.cluster = cluster;
  all.epoch = epoch;
  all.submit_error = fleet.error;
  all.submit_hint = fleet.hint;
  std::map<std::string, std::string> workers_of;
  std::map<PoolId, std::uint32_t> home_of;
  for (const auto& [id, worker] : ledger.workers.all()) {
    const auto& who = worker.who;
    const auto* job = fleet.job(who.job_id);
    const auto* pool = job == nullptr ? nullptr : fleet.pool(job->pool);
    if (worker.link && pool != nullptr) ++home_of[pool->asked.pool];
    auto& names = workers_of[who.job_id];
    names += (names.empty() ? "" : ",") + to_string(id);
    all.workers.push_back({id, who.host, who.job_id, pool == nullptr ? "" : pool->asked.name,
                           state_of(worker), who.size, who.slots, std::min(worker.load, who.slots),
                           worker.tasks_done, worker.confined, who.at_unix,
                           worker.script_started_unix, worker.route});
    all.workers.back().ends_unix = worker.ends_unix;
    all.workers.back().leaving = worker.ending;
  }
  for (const auto& [id, pool] : fleet.pools())
    all.pools.push_back({pool.asked.name, pool.asked.spec, pool.asked.jobs,
                         pool.asked.jobs * std::max(1u, pool.asked.spec.nodes), home_of[id],
                         pool.asked.automatic, pool.asked.least, pool.asked.most,
                         fleet.paused(pool, last_now, unix_now), pool.excluded});
  std::map<std::string, std::uint32_t> elements;  // seen so far, by token
  for (const auto& id : fleet.job_order()) {
    const auto& job = *fleet.job(id);
    const auto* pool = fleet.pool(job.pool);
    const auto* submit = fleet.submit(job.token);
    all.jobs.push_back({job.token, id, pool == nullptr ? "" : pool->asked.name, job.state,
                        job.reason, workers_of[id], job.end_unix, "", job.never,
                        elements[job.token]++, submit == nullptr ? 1 : submit->began.count});
  }
  for (const auto& [token, submit] : fleet.submits()) {
    const auto* pool = fleet.pool(submit.began.pool);
    if (!submit.open() || pool == nullptr) continue;
    const auto why = fleet.held_back(submit, last_now, unix_now);
    for (std::uint32_t i = 0; i < submit.began.count; ++i)
      all.jobs.push_back({token, "", pool->asked.name, JobState::submitting, why, "", 0, ""});
  }
  for (const auto& [id, workload] : ledger.workloads.all())
    all.workloads.push_back({progress(workload), workload.spec.verb, workload.command,
                             workload.added_unix, workload.spec.tag});
  return all;
}

}  // namespace pcluster
