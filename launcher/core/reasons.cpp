// Why nothing of a workload runs, in words.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/units.hpp"
#include "launcher/core/place.hpp"

namespace pcluster {
namespace {

std::string too_large(const Workload& workload, const Resources& largest) {
  const auto& task = workload.spec.task;
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

std::string why_waiting(const Ledger& ledger, const Workload& workload, Micros unix_now) {
  if (workload.trials_missing()) return "reading its trials";
  if (ledger.workers.ready().empty()) return "waiting for workers";
  Resources largest;
  bool fits = false, lasts = false;
  for (const auto id : ledger.workers.ready()) {
    const auto& worker = *ledger.workers.find(id);
    const auto& size = worker.who.size;
    largest.cores = std::max(largest.cores, size.cores);
    largest.memory_mb = std::max(largest.memory_mb, size.memory_mb);
    largest.gpus = std::max(largest.gpus, size.gpus);
    fits = fits || slots_for(workload.spec.task, size, worker.slots()) > 0;
    lasts = lasts || slots_at(workload, worker, unix_now) > 0;
  }
  if (!fits) return too_large(workload, largest);
  if (!lasts)
    return fmt::format("needs {}, and no worker's job lasts that long still",
                       show_duration(workload.needs_time()));
  return "all slots are busy with other work";
}

}  // namespace pcluster
