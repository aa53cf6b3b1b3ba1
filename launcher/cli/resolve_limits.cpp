// What fills a plan's gaps, and what caps it.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/resolve_limits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr std::string_view live_scheduler = "live scheduler";

// What a core's share of memory is, where nobody but the profile tells.
std::uint64_t site_per_core(const LimitsOf& known) {
  const auto& shares = known.site->cores_rule.memory_mb_per_core;
  const bool own = known.preset != nullptr && !known.preset->arch.empty();
  const auto found = shares.find(own ? known.preset->arch : known.arch);
  return found == shares.end() ? 0 : found->second;
}

std::uint32_t cores_of(std::uint64_t memory_mb, std::uint64_t per_core, const CoresRule& rule) {
  const auto cores = (memory_mb + (rule.round ? per_core / 2 : 0)) / per_core;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, cores));
}

template <class T, class Show>
void cap(T& value, T most, std::string_view key, const std::string& what, Show show, Plan& plan,
         std::string_view from) {
  if (most == 0 || value <= most) return;
  auto& origin = plan.origins[std::string(key)];
  origin = fmt::format("{}, which caps {} ({})", from, show(value), origin);
  plan.notes.push_back(
      fmt::format("partition {} allows at most {} {}: {} was asked for, {} is used",
                  plan.spec.partition, show(most), what, show(value), show(most)));
  value = most;
}

std::uint64_t most_memory_mb(const PartitionLimits& limits, const SitePartition* preset,
                             std::uint32_t cores) {
  if (limits.max_memory_mb > 0) return limits.max_memory_mb;
  if (limits.max_memory_mb_per_core > 0) return limits.max_memory_mb_per_core * cores;
  if (preset == nullptr || preset->max_memory_mb) return 0;
  return preset->max_memory_mb_per_core.value_or(0) * cores;
}

// The live limit, else the profile's for this partition, else its limit for all.
struct Most {
  std::uint64_t value = 0;
  std::string from;
};
template <class T>
Most most_of(const LimitsOf& known, std::uint64_t live, std::optional<T> SitePartition::*member) {
  if (live > 0) return {live, std::string(live_scheduler)};
  if (known.preset != nullptr && known.preset->*member)
    return {static_cast<std::uint64_t>(*(known.preset->*member)),
            preset_says(*known.preset, known.site->name)};
  if (known.site->limits.*member)
    return {static_cast<std::uint64_t>(*(known.site->limits.*member)), "site " + known.site->name};
  return {};
}

}  // namespace

const PartitionLimits* limits_of(const std::string& partition, const LiveLimits& live) {
  if (!live) return nullptr;
  const auto found = partition.empty()
                         ? std::ranges::find_if(*live, &PartitionLimits::is_default)
                         : std::ranges::find(*live, partition, &PartitionLimits::name);
  return found == live->end() ? nullptr : &*found;
}

std::string preset_says(const SitePartition& preset, const std::string& site) {
  return fmt::format("partition {} of site {}", preset.name, site);
}

void fill(Plan& plan, std::uint64_t nominal_memory_mb, const LimitsOf& known) {
  auto& each = plan.spec.per_node;
  const auto live = known.live == nullptr ? 0 : known.live->memory_mb_per_core;
  const auto per_core = live > 0 ? live : site_per_core(known);
  if (each.cores == 0 && nominal_memory_mb > 0 && per_core > 0) {
    each.cores = cores_of(nominal_memory_mb, per_core, known.site->cores_rule);
    plan.origins["cores"] = live > 0 ? std::string(live_scheduler) : "site " + known.site->name;
  }
  if (each.cores == 0) each.cores = 1;  // never the whole node unasked
  if (each.memory_mb > 0 || live == 0) return;
  each.memory_mb = live * each.cores;
  plan.origins["memory"] = live_scheduler;
}

void cap_all(Plan& plan, const LimitsOf& known) {
  auto& spec = plan.spec;
  const PartitionLimits nothing;
  const auto& limits = known.live == nullptr ? nothing : *known.live;
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const auto cap_by = [&](auto& value, const Most& most, std::string_view key,
                          const std::string& what, auto show) {
    using Number = std::decay_t<decltype(value)>;
    cap(value, static_cast<Number>(most.value), key, what, show, plan, most.from);
  };
  cap_by(spec.per_node.cores, most_of(known, limits.max_cores, &SitePartition::max_cores), "cores",
         "cores per node", number);
  auto memory = most_of(known, most_memory_mb(limits, known.preset, spec.per_node.cores),
                        &SitePartition::max_memory_mb);
  memory.value -= std::min(memory.value, known.site->memory_cushion_mb);
  cap_by(spec.per_node.memory_mb, memory, "memory", "per node", show_memory_mb);
  cap_by(spec.time,
         most_of(known, static_cast<std::uint64_t>(limits.max_time), &SitePartition::max_time),
         "time", "of time", show_duration);
  cap_by(spec.nodes, most_of(known, 0, &SitePartition::max_nodes), "nodes", "nodes per job",
         number);
  plan.partition_down = known.live != nullptr && !limits.up;
  if (plan.partition_down)
    plan.notes.push_back(fmt::format("partition {} is down at the moment", limits.name));
  if (!limits.routes_to.empty())
    plan.notes.push_back(
        fmt::format("partition {} hands its jobs on to one of: {}", limits.name, limits.routes_to));
}

}  // namespace pcluster
