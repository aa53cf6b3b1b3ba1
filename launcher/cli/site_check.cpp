// A profile beside the live scheduler: what differs, and a profile of what it says.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/cli/site_text.hpp"

namespace pcluster {
namespace {

struct Comparison {
  std::vector<SiteDifference>& all;
  const std::string& partition;

  // 0: not said.
  template <class Show>
  void compare(const char* what, std::uint64_t profile, std::uint64_t live, Show show) {
    if (live == 0 || profile == live) return;
    const bool said = profile > 0;
    all.push_back({partition, what, said ? show(profile) : "not said", show(live), said});
  }
};

std::string number(std::uint64_t value) { return std::to_string(value); }
std::string mb(std::uint64_t value) { return fmt::format("{} MB", value); }
std::string time(std::uint64_t value) { return show_duration(static_cast<Micros>(value)); }

// A nominal memory is less than a node has: only the limit of the partition itself compares.
void compare(const SitePartition& said, const PartitionLimits& live,
             std::vector<SiteDifference>& all) {
  Comparison with{all, said.name};
  const auto memory = said.max_memory_mb.value_or(said.memory_mb.value_or(0));
  if (live.max_memory_mb > 0 || said.max_memory_mb)
    with.compare("memory", memory,
                 live.max_memory_mb > 0 ? live.max_memory_mb : live.node_memory_mb, mb);
  else if (live.node_memory_mb > 0 && memory > live.node_memory_mb)
    with.compare("memory", memory, live.node_memory_mb, mb);
  if (live.max_cores > 0 || said.max_cores)
    with.compare("cores", said.max_cores.value_or(0),
                 live.max_cores > 0 ? live.max_cores : live.node_cores, number);
  else if (live.node_cores > 0 && said.cores.value_or(0) > live.node_cores)
    with.compare("cores", *said.cores, live.node_cores, number);
  with.compare("time", static_cast<std::uint64_t>(said.max_time.value_or(0)),
               static_cast<std::uint64_t>(live.max_time), time);
  with.compare("gpus", said.gpus.value_or(0), live.node_gpus, number);
  if (!said.arch.empty() && !live.arch.empty() && said.arch != live.arch)
    all.push_back({said.name, "arch", said.arch, live.arch});
}

bool among(const std::string& name, const std::vector<std::string>& names) {
  return std::ranges::find(names, name) != names.end();
}

template <class Number>
std::optional<Number> unless_zero(Number value) {
  return value == 0 ? std::nullopt : std::optional(value);
}

}  // namespace

std::vector<SiteDifference> site_differences(const SiteProfile& site,
                                             const std::vector<PartitionLimits>& live) {
  std::vector<SiteDifference> all;
  for (const auto& partition : site.partitions) {
    const auto found = std::ranges::find(live, partition.name, &PartitionLimits::name);
    if (found == live.end())
      all.push_back({partition.name, "partition", "there", "missing"});
    else
      compare(partition, *found, all);
  }
  for (const auto& partition : live) {
    const auto known = std::ranges::find(site.partitions, partition.name, &SitePartition::name);
    if (known == site.partitions.end() && !among(partition.name, site.exclude))
      all.push_back({partition.name, "partition", "missing", "there"});
  }
  if (!site.default_partition.empty() && site.partitions.empty() &&
      std::ranges::find(live, site.default_partition, &PartitionLimits::name) == live.end())
    all.push_back({site.default_partition, "default", "there", "missing"});
  return all;
}

SiteProfile site_from_live(const std::string& name, const Adapter& adapter,
                           const std::vector<PartitionLimits>& live, const std::string& source) {
  SiteProfile site;
  site.name = name;
  site.source = source;
  site.scheduler = adapter.name;
  for (const auto& limits : live) {
    if (limits.restricted || !limits.up) {
      site.exclude.push_back(limits.name);
      continue;
    }
    SitePartition partition;
    partition.name = limits.name;
    partition.max_memory_mb =
        unless_zero(limits.max_memory_mb > 0 ? limits.max_memory_mb : limits.node_memory_mb);
    if (limits.max_memory_mb == 0)
      partition.max_memory_mb_per_core = unless_zero(limits.max_memory_mb_per_core);
    partition.max_cores = unless_zero(limits.max_cores > 0 ? limits.max_cores : limits.node_cores);
    partition.max_nodes = unless_zero(limits.nodes);
    partition.gpus = unless_zero(limits.node_gpus);
    partition.max_time = unless_zero(limits.max_time);
    partition.arch = limits.arch;
    partition.source = limits.max_memory_mb > 0 ? "its limits" : "its limits, and its largest node";
    if (limits.is_default) site.default_partition = limits.name;
    site.partitions.push_back(std::move(partition));
  }
  return site;
}

}  // namespace pcluster
