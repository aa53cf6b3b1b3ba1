// Why nothing of a workload runs, in words.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/units.hpp"
#include "launcher/core/capacity.hpp"
#include "launcher/core/place.hpp"

namespace pcluster {
namespace {

std::string too_large(const TaskTemplate& task, const Resources& largest) {
  const std::uint64_t ranks = std::max(task.ranks, 1u);
  const auto cores = ranks * (task.ranks > 0 ? std::max(task.each.cores, 1u) : task.each.cores);
  const auto memory = ranks * task.each.memory_mb;
  const auto gpus = ranks * task.each.gpus;
  if (cores > largest.cores)
    return fmt::format("needs {} cores, the largest worker has {}", cores, largest.cores);
  if (largest.memory_mb > 0 && memory > largest.memory_mb)
    return fmt::format("needs {}, the largest worker has {}", show_memory_mb(memory),
                       show_memory_mb(largest.memory_mb));
  if (gpus > largest.gpus)
    return fmt::format("needs {} gpus, the worker with most has {}", gpus, largest.gpus);
  return "fits no worker that is home: no single one has all that it asks for";
}

// "2 cores, 400 MB"
std::string each_of(const TaskTemplate& task) {
  auto text =
      fmt::format("{} core{}", std::max(task.each.cores, 1u), task.each.cores > 1 ? "s" : "");
  if (task.each.memory_mb > 0) text += ", " + show_memory_mb(task.each.memory_mb);
  if (task.each.gpus > 0)
    text += fmt::format(", {} gpu{}", task.each.gpus, task.each.gpus > 1 ? "s" : "");
  return text;
}

Misfit too_wide_for_one(const TaskTemplate& task, const Resources& largest, std::uint32_t most) {
  const auto cores = std::uint64_t{task.ranks} * std::max(task.each.cores, 1u);
  Misfit misfit;
  if (cores > largest.cores)
    misfit.reason = fmt::format("needs {} cores for its {} ranks; the largest worker has {}", cores,
                                task.ranks, largest.cores);
  else
    misfit.reason = fmt::format("has {} ranks of {} each, and {} fit into the largest worker",
                                task.ranks, each_of(task), most);
  misfit.reason += ", and --span worker keeps it on one";
  misfit.hint = fmt::format("leave --span out, or ask for less: -np {} has room", most);
  return misfit;
}

Misfit too_wide(const Fleet& fleet, const TaskTemplate& task, const Reach& reach) {
  const auto& pool = *fleet.pool(reach.pool);
  const auto of = reach.job.empty() ? "pool " + pool.asked.name : "job " + reach.job;
  const auto where = reach.workers == 1
                         ? "the only worker of " + of
                         : fmt::format("all {} workers of {} together", reach.workers, of);
  const auto cores = std::uint64_t{task.ranks} * std::max(task.each.cores, 1u);
  Misfit misfit;
  if (cores > reach.cores)
    misfit.reason = fmt::format("needs {} cores for its {} ranks; {} {} {}", cores, task.ranks,
                                where, reach.workers == 1 ? "has" : "have", reach.cores);
  else
    misfit.reason = fmt::format("has {} ranks of {} each, and {} fit into {}", task.ranks,
                                each_of(task), reach.ranks, where);
  if (!reach.job.empty()) {
    misfit.reason += task.span == Span::job ? ", and --span job keeps it in one job"
                                            : ", and the site keeps it in one job";
    misfit.hint = fmt::format(
        "-np {} has room; or ask for jobs of more nodes: `pcluster submit "
        "--nodes N`",
        reach.ranks);
    return misfit;
  }
  const auto per_job = reach.most_at_one * std::max(1u, pool.asked.spec.nodes);
  const auto jobs = fleet.living(reach.pool) + (task.ranks - reach.ranks + per_job - 1) / per_job;
  misfit.hint =
      fmt::format("`pcluster scale {}{}` makes room for it; -np {} has room now", jobs,
                  fleet.only_pool() == &pool ? "" : " --pool " + pool.asked.name, reach.ranks);
  return misfit;
}

// The silent workers, for what may be a gang's.
std::string waits_for_doubted(const Ledger& ledger, const Workload& workload) {
  if (!may_span(workload.spec.task)) return {};
  std::string names;
  std::uint32_t count = 0;
  for (const auto id : ledger.workers.ready())
    if (ledger.workers.find(id)->doubted) names += (count++ > 0 ? ", " : "") + to_string(id);
  if (count == 0) return {};
  return fmt::format("waiting for {}: the head of a gang could not reach {} not spoken since",
                     names, count == 1 ? "it, and it has" : "them, and they have");
}

}  // namespace

std::optional<Misfit> fits_nowhere(const Ledger& ledger, const Fleet& fleet,
                                   const TaskTemplate& task) {
  if (automatic_for(fleet, task, 0) != nullptr) return {};  // one that fits may come yet
  Resources largest;
  std::uint32_t most = 0;
  for (const auto id : ledger.workers.ready()) {
    const auto& worker = *ledger.workers.find(id);
    const auto& size = worker.who.size;
    if (slots_for(task, size, worker.slots()) > 0) return {};
    largest.cores = std::max({largest.cores, size.cores, worker.slots()});
    largest.memory_mb = std::max(largest.memory_mb, size.memory_mb);
    largest.gpus = std::max(largest.gpus, size.gpus);
    most = std::max(most, ranks_in(task, worker.slots(), size, worker.slots()));
  }
  const std::string ask_less =
      "ask for less, or for larger workers beside these: `pcluster submit --cores N --memory M`";
  if (task.ranks <= 1) return Misfit{too_large(task, largest), ask_less};
  if (most == 0) {
    auto one = task;
    one.ranks = 1;
    return Misfit{"has ranks that fit no worker: one " + too_large(one, largest), ask_less};
  }
  if (task.span == Span::worker) return too_wide_for_one(task, largest, most);
  const auto room = reach(ledger, task);
  if (room.ranks >= task.ranks) return {};
  if (room.ranks == 0 || fleet.pool(room.pool) == nullptr)
    return Misfit{too_large(task, largest), ask_less};
  return too_wide(fleet, task, room);
}

std::string why_doomed(const Ledger& ledger, const Workload& workload) {
  if (!workload.doomed_by) return {};
  return why_doomed(ledger, *workload.doomed_by);
}

std::string why_doomed(const Ledger& ledger, WorkloadId by) {
  const auto before = ledger.workloads.ended(by);
  return fmt::format("workload {}, which it comes after, {}", to_string(by),
                     before && before->failed == 0 ? "was cancelled" : "failed");
}

std::string why_waiting(const Ledger& ledger, const Fleet& fleet, const Workload& workload,
                        Micros unix_now) {
  if (!workload.waits_for.empty()) {
    std::string names;
    for (const auto id : workload.waits_for) names += (names.empty() ? "" : ", ") + to_string(id);
    return fmt::format("waiting for workload{} {}", workload.waits_for.size() == 1 ? "" : "s",
                       names);
  }
  if (workload.trials_missing()) return "reading its trials";
  if (workload.pinned()) return "waiting for its workers to come back";
  if (ledger.workers.ready().empty()) return "waiting for workers";
  if (auto misfit = fits_nowhere(ledger, fleet, workload.spec.task)) return misfit->reason;
  auto doubted = waits_for_doubted(ledger, workload);
  if ((workload.needs_time() > 0 || !doubted.empty()) &&
      !could_hold(ledger, workload, ledger.workers.ready(), unix_now))
    return !doubted.empty() ? doubted
                            : fmt::format("needs {}, and no worker's job lasts that long still",
                                          show_duration(workload.needs_time()));
  if (const auto* more = automatic_for(fleet, workload.spec.task, workload.needs_time()))
    return fmt::format("waiting for slots; pool {} wants {} of at most {} jobs", more->asked.name,
                       more->asked.jobs, more->asked.most);
  return "all slots are busy with other work";
}

}  // namespace pcluster
