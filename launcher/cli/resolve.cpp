// Values by precedence, and the limits of the live partition.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& each : list) names.push_back(each.name);
  return names;
}

template <class List>
auto find_named(const List& list, const std::string& name) -> decltype(&list.front()) {
  const auto found = std::ranges::find_if(list, [&](const auto& e) { return e.name == name; });
  return found == list.end() ? nullptr : &*found;
}

std::string some_of(std::vector<std::string> names) {
  constexpr std::size_t most = 20;
  if (names.size() <= most) return join(names, ", ");
  names.resize(most);
  return join(names, ", ") + ", ...";
}

[[noreturn]] void unknown_partition(const std::string& name, const SiteProfile& site,
                                    const std::vector<std::string>& names) {
  throw Error(Exit::usage,
              fmt::format("unknown partition \"{}\" at site {}{}", printable(name), site.name,
                          did_you_mean(name, names)),
              "partitions: " + some_of(names));
}

void check_partition(const std::string& name, const SiteProfile& site, const LiveLimits& live) {
  if (name.empty()) return;
  if (live && !live->empty()) {
    if (find_named(*live, name) == nullptr) {
      auto names = names_of(*live);
      std::erase_if(names, [&](const std::string& n) {
        return std::ranges::find(site.exclude, n) != site.exclude.end();
      });
      unknown_partition(name, site, names);
    }
  } else if (!site.partitions.empty() && find_named(site.partitions, name) == nullptr &&
             std::ranges::find(site.exclude, name) == site.exclude.end()) {
    unknown_partition(name, site, names_of(site.partitions));
  }
  if (std::ranges::find(site.exclude, name) != site.exclude.end())
    throw Error(Exit::usage,
                fmt::format("partition {} of site {} is not for workers", name, site.name),
                "partitions: " + some_of(names_of(site.partitions)));
}

const PartitionLimits* limits_of(const std::string& partition, const LiveLimits& live) {
  if (!live) return nullptr;
  if (!partition.empty()) return find_named(*live, partition);
  const auto found = std::ranges::find_if(*live, &PartitionLimits::is_default);
  return found == live->end() ? nullptr : &*found;
}

// What neither the user nor the profile says, from the live partition.
void fill(JobSpec& spec, std::uint64_t nominal_memory_mb, const PartitionLimits* limits) {
  auto& each = spec.per_node;
  const auto per_core = limits == nullptr ? 0 : limits->memory_mb_per_core;
  if (each.cores == 0 && per_core > 0 && nominal_memory_mb > 0)
    each.cores =
        static_cast<std::uint32_t>(std::max<std::uint64_t>(1, nominal_memory_mb / per_core));
  if (each.cores == 0) each.cores = 1;  // never the whole node unasked
  if (each.memory_mb == 0) each.memory_mb = per_core * each.cores;
}

template <class T, class Show>
void cap(T& value, T most, const std::string& what, Show show, Plan& plan) {
  if (most == 0 || value <= most) return;
  plan.notes.push_back(
      fmt::format("partition {} allows at most {} {}: {} was asked for, {} is used",
                  plan.spec.partition, show(most), what, show(value), show(most)));
  value = most;
}

std::uint64_t most_memory_mb(const PartitionLimits& limits, std::uint32_t cores) {
  return limits.max_memory_mb > 0 ? limits.max_memory_mb : limits.max_memory_mb_per_core * cores;
}

void cap_all(Plan& plan, const PartitionLimits* limits, const SitePartition* preset) {
  auto& spec = plan.spec;
  const auto number = [](std::uint32_t n) { return std::to_string(n); };
  if (limits != nullptr) {
    cap(spec.per_node.cores, limits->max_cores, "cores per node", number, plan);
    cap(spec.per_node.memory_mb, most_memory_mb(*limits, spec.per_node.cores), "per node",
        show_memory_mb, plan);
  }
  Micros longest = limits == nullptr ? 0 : limits->max_time;
  if (longest == 0 && preset != nullptr) longest = preset->max_time.value_or(0);
  cap(spec.time, longest, "of time", show_duration, plan);
  plan.partition_down = limits != nullptr && !limits->up;
  if (plan.partition_down)
    plan.notes.push_back(fmt::format("partition {} is down at the moment", limits->name));
}

// A job at a scheduler.
void plan_job(Plan& plan, const Configuration& asked, const SiteProfile& site,
              const LiveLimits& live) {
  auto& spec = plan.spec;
  spec.partition = asked.partition.value_or(site.default_partition);
  check_partition(spec.partition, site, live);
  const auto* limits = limits_of(spec.partition, live);
  const auto* preset = find_named(site.partitions, spec.partition);
  std::uint64_t nominal = asked.memory_mb.value_or(0);
  spec.per_node.memory_mb = nominal;
  if (nominal == 0 && preset != nullptr) {
    nominal = preset->memory_mb.value_or(0);
    spec.per_node.memory_mb = nominal - std::min(nominal, site.memory_cushion_mb);
  }
  spec.per_node.cores = asked.cores.value_or(preset == nullptr ? 0 : preset->cores.value_or(0));
  spec.time = asked.time.value_or(0);
  fill(spec, nominal, limits);
  cap_all(plan, limits, preset);
  spec.account = asked.account.value_or(site.account);
  if (spec.account.empty() && site.account_required)
    throw Error(Exit::usage, fmt::format("site {} bills an account, and none is said", site.name),
                "give --account NAME, or account: in ~/.config/pcluster/config.yaml");
}

// Local workers share this machine's cores and memory.
void plan_local(Plan& plan, const Configuration& asked, const Machine& machine) {
  auto& spec = plan.spec;
  if (spec.nodes > 1) plan.notes.push_back("local jobs have one node each");
  spec.nodes = 1;
  const auto share = std::max<std::uint32_t>(1, machine.cores / plan.jobs);
  spec.per_node.cores = asked.cores.value_or(share);
  // Memory goes with the cores, so that a later submit of as many cores has the same shape.
  const auto cores = spec.per_node.cores;
  const auto memory = machine.memory_mb * cores / std::max(machine.cores, cores);
  spec.per_node.memory_mb = asked.memory_mb.value_or(memory);
  spec.time = asked.time.value_or(0);
  const std::uint64_t slots = std::uint64_t{plan.jobs} * slots_of(spec);
  if (slots > machine.cores)
    plan.notes.push_back(fmt::format("{} slots on {} core{}: tasks will share cores", slots,
                                     machine.cores, machine.cores == 1 ? "" : "s"));
}

std::string no_scheduler_note(const std::string& partition) {
  std::vector<std::string> probes;
  for (const auto* adapter : adapters())
    if (!adapter->probe.empty()) probes.emplace_back(adapter->probe);
  return fmt::format(
      "no scheduler here ({} not on PATH): local workers instead of jobs in partition {}",
      join(probes, ", "), printable(partition));
}

std::vector<std::string> joined(std::vector<std::string> first,
                                const std::vector<std::string>& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

}  // namespace

std::uint32_t slots_of(const JobSpec& spec) {
  if (spec.slots > 0) return spec.slots;
  return std::max<std::uint32_t>(1, spec.per_node.cores);
}

std::uint32_t workers_of(const Plan& plan) { return plan.jobs * plan.spec.nodes; }

Plan resolve(const Configuration& asked, const SiteProfile& site, const Adapter& adapter,
             const LiveLimits& live, const Machine& machine) {
  Plan plan;
  auto& spec = plan.spec;
  plan.jobs = asked.jobs.value_or(1);
  if (plan.jobs == 0 || asked.nodes.value_or(1) == 0)
    throw Error(Exit::usage, "jobs and nodes must be at least 1", "see: pcluster submit --help");
  plan.pool = asked.pool.value_or(plan.pool);
  plan.timeout = asked.timeout.value_or(plan.timeout);
  plan.idle_timeout = asked.idle_timeout.value_or(plan.idle_timeout);
  plan.orphan_timeout = asked.orphan_timeout.value_or(plan.orphan_timeout);
  spec.site = site.name;
  spec.adapter = adapter.name;
  spec.nodes = asked.nodes.value_or(1);
  spec.slots = asked.num_engines.value_or(site.slots_per_worker.value_or(0));
  spec.mem_mode = site.mem_mode;
  spec.local_directory = asked.local_directory.value_or(site.local_directory);
  spec.setup = joined(site.setup, asked.setup);
  spec.directives = joined(site.directives, asked.directives);
  spec.drop_directives = joined(site.drop_directives, asked.drop_directives);
  const bool local_workers = adapter.probe.empty();
  if (local_workers && asked.partition) plan.notes.push_back(no_scheduler_note(*asked.partition));
  local_workers ? plan_local(plan, asked, machine) : plan_job(plan, asked, site, live);
  plan.min_workers = asked.min_workers.value_or(1);
  if (plan.min_workers > workers_of(plan))
    throw Error(Exit::usage, fmt::format("--min-workers {} is more than the {} workers asked for",
                                         plan.min_workers, workers_of(plan)));
  return plan;
}

std::string request_line(const Plan& plan) {
  const auto plural = [](std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
  };
  const auto& spec = plan.spec;
  const auto slots = slots_of(spec);
  const auto size = [&](std::uint32_t cores, std::uint64_t memory_mb) {
    auto text = plural(cores, "core");
    if (memory_mb > 0) text += ", " + show_memory_mb(memory_mb);
    return text;
  };
  auto job = plural(spec.nodes, "node") + ", " + size(spec.per_node.cores, spec.per_node.memory_mb);
  if (spec.nodes > 1) job += " each";
  if (spec.time > 0) job += ", " + show_duration(spec.time);
  return fmt::format("{} x ({}) = {} of {}", plural(plan.jobs, "job"), job,
                     plural(std::uint64_t{workers_of(plan)} * slots, "slot"),
                     size(std::max<std::uint32_t>(1, spec.per_node.cores / slots),
                          spec.per_node.memory_mb / slots));
}

}  // namespace pcluster
