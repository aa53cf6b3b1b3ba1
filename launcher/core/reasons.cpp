// Why nothing of a workload runs, in words.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/units.hpp"
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

}  // namespace

std::optional<std::string> fits_nowhere(const Ledger& ledger, const TaskTemplate& task) {
  Resources largest;
  for (const auto id : ledger.workers.ready()) {
    const auto& worker = *ledger.workers.find(id);
    const auto& size = worker.who.size;
    if (slots_for(task, size, worker.slots()) > 0) return {};
    largest.cores = std::max({largest.cores, size.cores, worker.slots()});
    largest.memory_mb = std::max(largest.memory_mb, size.memory_mb);
    largest.gpus = std::max(largest.gpus, size.gpus);
  }
  return too_large(task, largest);
}

std::string why_doomed(const Ledger& ledger, const Workload& workload) {
  if (!workload.doomed_by) return {};
  const auto* before = ledger.workloads.find(*workload.doomed_by);
  return fmt::format("workload {}, which it comes after, {}", to_string(*workload.doomed_by),
                     before != nullptr && before->failed == 0 ? "was cancelled" : "failed");
}

std::string why_waiting(const Ledger& ledger, const Workload& workload, Micros unix_now) {
  if (!workload.waits_for.empty()) {
    std::string names;
    for (const auto id : workload.waits_for) names += (names.empty() ? "" : ", ") + to_string(id);
    return fmt::format("waiting for workload{} {}", workload.waits_for.size() == 1 ? "" : "s",
                       names);
  }
  if (workload.trials_missing()) return "reading its trials";
  if (workload.pinned()) return "waiting for its workers to come back";
  if (ledger.workers.ready().empty()) return "waiting for workers";
  if (auto reason = fits_nowhere(ledger, workload.spec.task)) return std::move(*reason);
  const bool lasts = std::ranges::any_of(ledger.workers.ready(), [&](WorkerId id) {
    return slots_at(workload, *ledger.workers.find(id), unix_now) > 0;
  });
  if (!lasts)
    return fmt::format("needs {}, and no worker's job lasts that long still",
                       show_duration(workload.needs_time()));
  return "all slots are busy with other work";
}

}  // namespace pcluster
