// The rows of `status`, progress, and what is wrong with a request.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <map>

#include "launcher/base/error.hpp"
#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

constexpr std::size_t most_finished = 1000;  // workloads in a status, the newest; all are on disk

std::int32_t number(Exit code) { return static_cast<std::int32_t>(code); }

std::string state_of(const Worker& worker) {
  if (worker.gone) return "gone";
  if (!worker.link) return "away";
  return worker.held.empty() ? "idle" : "busy";
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
  if (now.running == 0 && now.queued > 0) now.note = why_waiting(ledger, workload, unix_now);
  return now;
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
                           worker.script_started_unix});
  }
  for (const auto& [id, pool] : fleet.pools())
    all.pools.push_back({pool.asked.name, pool.asked.spec, pool.asked.jobs,
                         pool.asked.jobs * std::max(1u, pool.asked.spec.nodes), home_of[id]});
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
    for (std::uint32_t i = 0; i < submit.began.count; ++i)
      all.jobs.push_back({token, "", pool->asked.name, JobState::submitting, "", "", 0, ""});
  }
  auto old = ledger.workloads.all().size();
  for (const auto& [id, workload] : ledger.workloads.all()) {
    if (old-- > most_finished && workload.finished()) continue;
    all.workloads.push_back({progress(workload), workload.spec.verb, workload.command,
                             workload.added_unix, workload.spec.tag});
  }
  return all;
}

// Every job that may run still has a worker here, so no larger one is on its way.
bool Core::State::all_home() const {
  if (ledger.workers.ready().empty() || fleet.open_submits()) return false;
  std::set<std::string> home;
  for (const auto id : ledger.workers.ready()) home.insert(ledger.workers.find(id)->who.job_id);
  return std::ranges::all_of(fleet.job_order(), [&](const std::string& id) {
    return fleet.job(id)->state == JobState::ended || home.contains(id);
  });
}

std::optional<Refusal> refuses_trials(const TrialLines& lines) {
  const auto large =
      std::ranges::find_if(lines, [](const auto& l) { return l.size() > max_trial; });
  if (large == lines.end()) return {};
  return Refusal{number(Exit::usage),
                 fmt::format("trial {} has {} bytes, at most {} are possible",
                             large - lines.begin(), large->size(), max_trial),
                 "write it to a file, and give the file's name as the trial"};
}

std::optional<Refusal> Core::State::refuses(const Request& request) const {
  const auto unknown = [&](WorkloadId id) -> std::optional<Refusal> {
    if (ledger.workloads.find(id) != nullptr) return {};
    return Refusal{number(Exit::usage), fmt::format("there is no workload {}", to_string(id)),
                   "`pcluster status` lists them"};
  };
  const bool adds =
      std::holds_alternative<SubmitJobs>(request) || std::holds_alternative<AddWorkload>(request);
  if (adds && stop_asked)
    return Refusal{number(Exit::refused), "the cluster is being stopped",
                   "wait until `pcluster status` finds no launcher, then submit again"};
  if (const auto* submit = std::get_if<SubmitJobs>(&request)) {
    if (submit->count == 0)
      return Refusal{number(Exit::usage), "no jobs asked for", "--jobs must be at least 1"};
    const auto* pool = fleet.pool(submit->pool);
    if (pool != nullptr && fleet.living(pool->asked.pool) > 0 && pool->asked.spec != submit->spec)
      return Refusal{number(Exit::usage),
                     fmt::format("pool {} has jobs of another shape", submit->pool),
                     "give `--pool NAME` for a second pool beside it, or `pcluster stop` first"};
  }
  if (const auto* add = std::get_if<AddWorkload>(&request)) {
    if (task_count(add->spec.trials) == 0)
      return Refusal{number(Exit::usage), "no trials: nothing to run",
                     "`--trials A-B` includes both ends; lines on standard input count too"};
    if (const auto* lines = std::get_if<TrialLines>(&add->spec.trials))
      if (auto refusal = refuses_trials(*lines)) return refusal;
    if (add->spec.task.argv.empty())
      return Refusal{number(Exit::usage), "no command to run", "give it after `--`"};
    if (const auto reason = all_home() ? fits_nowhere(ledger, add->spec.task) : std::nullopt)
      return Refusal{number(Exit::refused), "a task of this can never run: it " + *reason,
                     "ask for less, or for larger workers: `pcluster stop`, then `pcluster "
                     "submit --cores N --memory M`"};
  }
  if (const auto* follow = std::get_if<Follow>(&request)) return unknown(follow->workload);
  if (const auto* get = std::get_if<GetRunning>(&request)) return unknown(get->workload);
  if (const auto* cancels = std::get_if<CancelWorkload>(&request)) {
    if (auto refusal = unknown(cancels->what.workload)) return refusal;
    const auto tasks = ledger.workloads.find(cancels->what.workload)->tasks;
    if (cancels->what.index.value_or(0) >= tasks)
      return Refusal{
          number(Exit::usage),
          fmt::format("workload {} has no task {}: they are 0-{}",
                      to_string(cancels->what.workload), *cancels->what.index, tasks - 1),
          "`pcluster results` lists them"};
  }
  return {};
}

}  // namespace pcluster
