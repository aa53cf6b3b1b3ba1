// What is wrong with a request, before it is an event.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

Refusal usage(std::string message, std::string hint) {
  return {static_cast<std::int32_t>(Exit::usage), std::move(message), std::move(hint)};
}
Refusal refused(std::string message, std::string hint) {
  return {static_cast<std::int32_t>(Exit::refused), std::move(message), std::move(hint)};
}

std::string names_of(const std::set<WorkerId>& workers) {
  std::string text;
  for (const auto id : workers) text += (text.empty() ? "" : ", ") + to_string(id);
  return text;
}

std::string names_of(const std::map<PoolId, Pool>& pools) {
  std::string text;
  for (const auto& [id, pool] : pools) text += (text.empty() ? "" : ", ") + pool.asked.name;
  return text;
}

template <class Lines>
std::optional<Refusal> trial_too_large(const Lines& lines) {
  for (std::uint32_t i = 0; i < lines.size(); ++i)
    if (lines[i].size() > max_trial)
      return usage(fmt::format("trial {} has {} bytes, at most {} are possible", i, lines[i].size(),
                               max_trial),
                   "write it to a file, and give the file's name as the trial");
  return {};
}

}  // namespace

std::optional<Refusal> refuses_trials(const PackedLines& lines) { return trial_too_large(lines); }

// Every job that may run still has a worker here, so no larger one is on its way.
bool Core::State::all_home() const {
  if (ledger.workers.ready().empty() || fleet.open_submits()) return false;
  std::set<std::string> home;
  for (const auto id : ledger.workers.ready()) home.insert(ledger.workers.find(id)->who.job_id);
  return std::ranges::all_of(fleet.job_order(), [&](const std::string& id) {
    const auto& job = *fleet.job(id);
    return job.ended() || job.draining || home.contains(id);
  });
}

std::optional<Refusal> Core::State::no_workload(WorkloadId id) const {
  if (ledger.workloads.knows(id)) return {};
  return usage(fmt::format("there is no workload {}", to_string(id)),
               "`pcluster status` lists them");
}

std::optional<Refusal> Core::State::no_task(const TaskRef& what) const {
  if (auto refusal = no_workload(what.workload)) return refusal;
  const auto tasks = progress(what.workload).tasks;
  if (what.index.value_or(0) < tasks) return {};
  return usage(fmt::format("workload {} has no task {}: they are 0-{}", to_string(what.workload),
                           *what.index, tasks - 1),
               "`pcluster results` lists them");
}

std::optional<Refusal> Core::State::refuses(const SubmitJobs& submit) const {
  if (submit.count == 0) return usage("no jobs asked for", "--jobs must be at least 1");
  const auto* pool = fleet.pool(submit.pool);
  if (pool == nullptr || !fleet.has_jobs(pool->asked.pool)) return {};
  auto alike = submit.spec;
  alike.manners = pool->asked.spec.manners;  // as in Fleet::pool_for
  if (pool->asked.spec == alike) return {};
  return usage(fmt::format("pool {} has jobs of another shape", submit.pool),
               "leave --pool out for a pool of its own beside it, or `pcluster stop` first");
}

std::optional<Refusal> Core::State::refuses(const ScaleJobs& scale) const {
  if (scale.automatic && (scale.most == 0 || scale.least > scale.most))
    return usage(fmt::format("no number is at least {} and at most {}, and above 0", scale.least,
                             scale.most),
                 "--max must be at least 1, and not below --min");
  const auto& pools = fleet.pools();
  if (pools.empty())
    return usage("there are no jobs whose number could change",
                 "begin with: pcluster submit --jobs N");
  if (scale.pool.empty() && fleet.only_pool() == nullptr)
    return usage("there are several pools: " + names_of(pools), "say which: --pool NAME");
  if (!scale.pool.empty() && fleet.pool(scale.pool) == nullptr)
    return usage(fmt::format("there is no pool {}", scale.pool), "pools: " + names_of(pools));
  return {};
}

// Tasks for chosen workers: each must be at home, and large enough.
std::optional<Refusal> Core::State::refuses(const WorkloadSpec& spec, std::uint32_t tasks) const {
  const auto& home = ledger.workers.ready();
  const auto hint = home.empty() ? "no worker is home: pcluster submit brings workers up"
                                 : "at home are: " + names_of(home);
  if (spec.on.size() != tasks)
    return usage(fmt::format("{} tasks for {} workers", tasks, spec.on.size()),
                 "each worker has one task");
  for (const auto id : spec.on) {
    if (!home.contains(id)) return usage(fmt::format("worker {} is not home", to_string(id)), hint);
    const auto& who = ledger.workers.find(id)->who;
    if (slots_for(spec.task, who.size, who.slots) == 0)
      return usage(fmt::format("the program asks for more than worker {} has: {} cores, {}",
                               to_string(id), who.size.cores, show_memory_mb(who.size.memory_mb)),
                   "ask for less, or choose others; " + hint);
  }
  return {};
}

std::optional<Refusal> Core::State::refuses(const AddWorkload& add) const {
  const auto tasks = task_count(add.spec.trials);
  if (tasks == 0)
    return usage("no trials: nothing to run",
                 "`--trials A-B` includes both ends; lines on standard input count too");
  if (const auto* lines = std::get_if<TrialLines>(&add.spec.trials))
    if (auto refusal = trial_too_large(*lines)) return refusal;
  if (add.spec.task.argv.empty()) return usage("no command to run", "give it after `--`");
  for (const auto* before : {&add.spec.after, &add.spec.after_any})
    for (const auto id : *before)
      if (auto refusal = no_workload(id)) return refusal;
  if (!add.spec.on.empty()) return refuses(add.spec, tasks);
  if (auto misfit = all_home() ? fits_nowhere(ledger, fleet, add.spec.task) : std::nullopt)
    return refused("a task of this can never run: it " + misfit->reason, std::move(misfit->hint));
  return {};
}

std::optional<Refusal> Core::State::refuses(const Request& request) const {
  const auto* submit = std::get_if<SubmitJobs>(&request);
  const auto* scale = std::get_if<ScaleJobs>(&request);
  const auto* add = std::get_if<AddWorkload>(&request);
  if ((submit != nullptr || scale != nullptr || add != nullptr) && stop_asked)
    return refused("the cluster is being stopped",
                   "wait until `pcluster status` finds no launcher, then submit again");
  if (submit != nullptr) return refuses(*submit);
  if (scale != nullptr) return refuses(*scale);
  if (add != nullptr) return refuses(*add);
  if (const auto* follow = std::get_if<Follow>(&request)) return no_workload(follow->workload);
  if (const auto* get = std::get_if<GetRunning>(&request)) return no_workload(get->workload);
  if (const auto* cancels = std::get_if<CancelWorkload>(&request)) return no_task(cancels->what);
  if (const auto* asks = std::get_if<Explain>(&request)) return no_task(asks->what);
  return {};
}

}  // namespace pcluster
