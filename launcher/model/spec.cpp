// Counting and reading trials; how much of a worker a task takes.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/model/spec.hpp"

#include <algorithm>
#include <limits>

namespace pcluster {
namespace {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

}  // namespace

std::uint32_t task_count(const Trials& trials) {
  constexpr auto most = std::numeric_limits<std::uint32_t>::max();
  return std::visit(
      Overload{[](const TrialRange& range) -> std::uint32_t {
                 if (range.step == 0) return 0;
                 const bool up = range.step > 0;
                 if (up ? range.last < range.first : range.last > range.first) return 0;
                 // Unsigned: the distance of two int64 may not fit into one.
                 const auto first = static_cast<std::uint64_t>(range.first);
                 const auto last = static_cast<std::uint64_t>(range.last);
                 const auto step = static_cast<std::uint64_t>(range.step);
                 const auto steps = up ? (last - first) / step : (first - last) / (0 - step);
                 return static_cast<std::uint32_t>(std::min<std::uint64_t>(steps, most - 1) + 1);
               },
               [](const TrialLines& lines) { return static_cast<std::uint32_t>(lines.size()); },
               [](const TrialFile& file) { return file.count; }},
      trials);
}

std::string trial_value(const Trials& trials, std::uint32_t index) {
  if (const auto* range = std::get_if<TrialRange>(&trials))
    return std::to_string(range->first + static_cast<std::int64_t>(index) * range->step);
  const auto* lines = std::get_if<TrialLines>(&trials);
  return lines != nullptr && index < lines->size() ? (*lines)[index] : std::string();
}

std::uint32_t slots_for(const TaskTemplate& task, const Resources& worker, std::uint32_t slots) {
  return slots_for_ranks(task, task.ranks, worker, slots);
}

std::uint32_t slots_for_ranks(const TaskTemplate& task, std::uint32_t some, const Resources& worker,
                              std::uint32_t slots) {
  if (slots == 0) return 0;
  const std::uint64_t ranks = std::max<std::uint32_t>(some, 1);
  std::uint64_t cores = task.each.cores * ranks;
  if (cores == 0 && some > 0) cores = ranks;  // a rank costs a core
  const std::uint64_t memory = task.each.memory_mb * ranks;
  const std::uint64_t gpus = task.each.gpus * ranks;
  if (gpus > worker.gpus) return 0;
  if (memory > 0 && worker.memory_mb > 0 && memory > worker.memory_mb) return 0;
  // n slots hold n/slots of the worker: the fewest that cover each kind.  A worker's slots may be
  // more than its cores (a small machine, oversubscribed): then a slot still runs one task.
  const std::uint64_t units = std::max<std::uint64_t>(worker.cores, slots);
  std::uint64_t needed = 1;
  if (cores > 0) needed = std::max(needed, ceil_div(cores * slots, units));
  if (memory > 0 && worker.memory_mb > 0)
    needed = std::max(needed, ceil_div(memory * slots, worker.memory_mb));
  if (gpus > 0) needed = std::max(needed, ceil_div(gpus * slots, worker.gpus));
  return needed > slots ? 0 : static_cast<std::uint32_t>(needed);
}

std::uint32_t ranks_in(const TaskTemplate& task, std::uint32_t part, const Resources& worker,
                       std::uint32_t slots) {
  if (slots == 0) return 0;
  const std::uint64_t free = std::min(part, slots);
  const std::uint64_t units = std::max<std::uint64_t>(worker.cores, slots);
  std::uint64_t ranks = free * units / (std::max<std::uint64_t>(task.each.cores, 1) * slots);
  if (task.each.memory_mb > 0 && worker.memory_mb > 0)
    ranks = std::min(ranks, free * worker.memory_mb / (task.each.memory_mb * slots));
  if (task.each.gpus > 0)
    ranks = std::min(ranks, free * worker.gpus / (std::uint64_t{task.each.gpus} * slots));
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(ranks, task.ranks));
}

}  // namespace pcluster
