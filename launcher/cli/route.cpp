// Offers of partitions, and the choice among them.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/route.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

const SitePartition nothing_said;

const SitePartition& preset_of(const std::string& name, const SiteProfile& site) {
  const auto found = std::ranges::find(site.partitions, name, &SitePartition::name);
  return found == site.partitions.end() ? nothing_said : *found;
}

const PartitionLimits* live_of(const std::string& name, const LiveLimits& live) {
  if (!live) return nullptr;
  const auto found = std::ranges::find(*live, name, &PartitionLimits::name);
  return found == live->end() ? nullptr : &*found;
}

// The first that is known.
template <class T>
T known(std::initializer_list<T> values) {
  const auto found = std::ranges::find_if(values, [](T value) { return value > 0; });
  return found == values.end() ? T{} : *found;
}

struct Wish {
  std::uint64_t memory_mb;
  std::uint32_t cores, gpus, nodes;
  Micros time;
};

Wish wish_of(const Configuration& asked) {
  return {asked.memory_mb.value_or(0), asked.cores.value_or(0), asked.gpus.value_or(0),
          asked.nodes.value_or(1), asked.time.value_or(0)};
}

bool has_size(const Wish& wish) {
  return wish.memory_mb > 0 || wish.cores > 0 || wish.gpus > 0 || wish.time > 0;
}

std::string show_wish(const Wish& wish) {
  std::vector<std::string> parts;
  if (wish.memory_mb > 0) parts.push_back(show_memory_mb(wish.memory_mb));
  if (wish.cores > 0)
    parts.push_back(fmt::format("{} core{}", wish.cores, wish.cores > 1 ? "s" : ""));
  if (wish.gpus > 0) parts.push_back(fmt::format("{} GPU{}", wish.gpus, wish.gpus > 1 ? "s" : ""));
  if (wish.time > 0) parts.push_back(show_duration(wish.time));
  if (wish.nodes > 1) parts.push_back(fmt::format("{} nodes", wish.nodes));
  return join(parts, ", ");
}

template <class T>
bool within(T wanted, T most) {
  return most == 0 || wanted <= most;
}

// What nobody says becomes the least there.  Empty: it does; else what is missing.
std::string short_of(const Wish& wish, const SitePartition& preset) {
  const auto falls_short = [](auto wanted, const auto& least) {
    return wanted > 0 && least && wanted < *least;
  };
  if (falls_short(wish.memory_mb, preset.min_memory_mb))
    return show_memory_mb(*preset.min_memory_mb);
  if (falls_short(wish.cores, preset.min_cores)) return fmt::format("{} cores", *preset.min_cores);
  if (falls_short(wish.time, preset.min_time)) return show_duration(*preset.min_time);
  return {};
}

bool runs_there(const SiteProfile& site, const std::string& partition_arch,
                const std::string& arch) {
  return partition_arch.empty() || arch.empty() || partition_arch == arch ||
         site.worker_binary.contains(partition_arch);
}

bool fits(const Wish& wish, const Offer& offer) {
  const bool gpus = wish.gpus == 0 || offer.gpus >= wish.gpus;
  return gpus && within(wish.memory_mb, offer.memory_mb) && within(wish.cores, offer.cores) &&
         within(wish.time, offer.time) && within(wish.nodes, offer.nodes);
}

// Partitions that a worker may go to, in the order of the profile, else of the scheduler.
std::vector<Offer> candidates(const SiteProfile& site, const LiveLimits& live,
                              const std::string& arch) {
  std::vector<Offer> all;
  const auto add = [&](const std::string& name) {
    const auto* limits = live_of(name, live);
    const bool closed = live && !live->empty() && (limits == nullptr || !limits->up);
    if (closed || std::ranges::find(site.exclude, name) != site.exclude.end()) return;
    auto offer = offer_of(name, site, live);
    if (runs_there(site, offer.arch, arch)) all.push_back(std::move(offer));
  };
  for (const auto& preset : site.partitions) add(preset.name);
  if (!all.empty() || !live) return all;
  for (const auto& limits : *live)
    if (!limits.restricted) add(limits.name);
  return all;
}

bool is_preferred(const std::string& name, const SiteProfile& site) {
  return std::ranges::any_of(site.prefer, [&](const auto& glob) { return matches(name, glob); });
}

const Offer* smallest(const std::vector<Offer>& all, const Wish& wish, const SiteProfile& site) {
  const auto or_most = [](auto value) {
    return value > 0 ? value : std::numeric_limits<decltype(value)>::max();
  };
  const auto size = [&](const Offer& offer) {
    return std::tuple(wish.gpus == 0 && offer.gpus > 0, or_most(offer.memory_mb),
                      !is_preferred(offer.name, site), or_most(offer.time), or_most(offer.cores));
  };
  const Offer* best = nullptr;
  for (const auto& offer : all)
    if (fits(wish, offer) && short_of(wish, preset_of(offer.name, site)).empty() &&
        (best == nullptr || size(offer) < size(*best)))
      best = &offer;
  return best;
}

// "23.3 GB (24GBS)": the most of one thing, and who offers it; empty: there is no limit.
template <class Of, class Show>
void add_most(std::vector<std::string>& parts, const std::vector<Offer>& all, Of of, Show show) {
  if (all.empty() || std::ranges::any_of(all, [&](const auto& each) { return of(each) == 0; }))
    return;
  const auto& most = *std::ranges::max_element(all, {}, of);
  parts.push_back(fmt::format("{} ({})", show(of(most)), most.name));
}

std::string largest(const std::vector<Offer>& all, const Wish& wish) {
  std::vector<std::string> parts;
  const auto plural = [](const char* what) {
    return [what](std::uint32_t n) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); };
  };
  if (wish.memory_mb > 0)
    add_most(
        parts, all, [](const Offer& o) { return o.memory_mb; }, show_memory_mb);
  if (wish.cores > 0)
    add_most(
        parts, all, [](const Offer& o) { return o.cores; }, plural("core"));
  if (wish.time > 0)
    add_most(
        parts, all, [](const Offer& o) { return o.time; }, show_duration);
  if (wish.nodes > 1)
    add_most(
        parts, all, [](const Offer& o) { return o.nodes; }, plural("node"));
  if (wish.gpus > 0) {
    const auto found = std::ranges::max_element(all, {}, &Offer::gpus);
    parts.push_back(found == all.end() || found->gpus == 0
                        ? "no GPU that the site or the scheduler tells of"
                        : fmt::format("{} ({})", plural("GPU")(found->gpus), found->name));
  }
  return parts.empty() ? "each alone, but no partition all of it" : join(parts, ", ");
}

[[noreturn]] void nothing_fits(const std::vector<Offer>& all, const Wish& wish,
                               const SiteProfile& site) {
  std::string least;
  for (const auto& offer : all)
    if (const auto missing = short_of(wish, preset_of(offer.name, site)); fits(wish, offer))
      least += fmt::format("; {} wants at least {}", offer.name, missing);
  throw Error(Exit::usage,
              fmt::format("no partition of site {} fits a worker with {}: the most is {}{}",
                          site.name, show_wish(wish), largest(all, wish), least),
              "ask for less, or name a partition with --partition: its limits then cap what is "
              "asked");
}

// A smaller partition that only the cushion keeps from fitting.
std::string near_miss(const std::vector<Offer>& all, Wish wish, const Offer& chosen,
                      const SiteProfile& site) {
  const auto cushion = site.memory_cushion_mb, wanted = wish.memory_mb;
  if (cushion == 0 || wanted <= cushion) return {};
  wish.memory_mb = wanted - cushion;
  const auto* near = smallest(all, wish, site);
  if (near == nullptr || near->memory_mb == 0 || near->memory_mb >= wanted ||
      near->name == chosen.name)
    return {};
  return fmt::format("; {} would do with --memory {}M, its memory less {}M that the site keeps",
                     near->name, near->memory_mb, cushion);
}

std::string show_offer(const Offer& offer) {
  std::vector<std::string> parts;
  if (offer.memory_mb > 0) parts.push_back(show_memory_mb(offer.memory_mb));
  if (offer.cores > 0) parts.push_back(fmt::format("{} cores", offer.cores));
  if (offer.time > 0) parts.push_back(show_duration(offer.time));
  return parts.empty() ? "" : fmt::format(" (it offers {})", join(parts, ", "));
}

}  // namespace

Offer offer_of(const std::string& partition, const SiteProfile& site, const LiveLimits& live) {
  const PartitionLimits unknown;
  const auto* found = live_of(partition, live);
  const auto& limits = found == nullptr ? unknown : *found;
  const auto& preset = preset_of(partition, site);
  const auto of = [](const auto& own, const auto& all) { return own ? *own : all.value_or(0); };
  Offer offer;
  offer.name = partition;
  offer.arch = preset.arch.empty() ? limits.arch : preset.arch;
  offer.cores =
      known({limits.max_cores, of(preset.max_cores, site.limits.max_cores), limits.node_cores});
  offer.memory_mb = known({limits.max_memory_mb, preset.max_memory_mb.value_or(0),
                           preset.memory_mb.value_or(0), site.limits.max_memory_mb.value_or(0)});
  const auto per_core =
      known({limits.max_memory_mb_per_core, preset.max_memory_mb_per_core.value_or(0)});
  if (offer.memory_mb == 0)
    offer.memory_mb = known({per_core * offer.cores, limits.node_memory_mb});
  offer.memory_mb -= std::min(offer.memory_mb, site.memory_cushion_mb);
  offer.gpus = known({of(preset.gpus, site.limits.gpus), limits.node_gpus});
  offer.nodes = known({of(preset.max_nodes, site.limits.max_nodes), limits.nodes});
  offer.time = known({limits.max_time, of(preset.max_time, site.limits.max_time)});
  return offer;
}

bool route_needs_nodes(const Configuration& asked, const SiteProfile& site) {
  auto wish = wish_of(asked);
  wish.time = 0;  // that is the partition's own
  return !asked.partition && site.partitions.empty() && has_size(wish);
}

std::optional<Route> route(const Configuration& asked, const SiteProfile& site,
                           const LiveLimits& live, const std::string& arch) {
  const auto wish = wish_of(asked);
  if (!has_size(wish)) return {};
  const auto all = candidates(site, live, arch);
  if (all.empty()) return {};
  // Without a profile's word the administrators' default is the first choice.
  if (site.partitions.empty() && live)
    for (const auto& limits : *live)
      if (limits.is_default && fits(wish, offer_of(limits.name, site, live))) return {};
  const auto* chosen = smallest(all, wish, site);
  if (chosen == nullptr) nothing_fits(all, wish, site);
  return Route{chosen->name, fmt::format("partition {}: the smallest that fits {}{}{}",
                                         chosen->name, show_wish(wish), show_offer(*chosen),
                                         near_miss(all, wish, *chosen, site))};
}

std::string worker_binary_for(const Configuration& asked, const SiteProfile& site,
                              const Offer& offer, const std::string& own_arch) {
  if (asked.worker_binary) return *asked.worker_binary;
  const auto& arch = offer.arch.empty() ? own_arch : offer.arch;
  if (const auto found = site.worker_binary.find(arch); found != site.worker_binary.end())
    return found->second;
  if (runs_there(site, offer.arch, own_arch)) return {};
  throw Error(Exit::usage,
              fmt::format("partition {} has {} machines, and this pcluster is for {}", offer.name,
                          arch, own_arch),
              fmt::format("build pcluster on such a machine, and say where it is: --worker-binary "
                          "PATH, or worker_binary: {{{}: PATH}} in a profile of your own",
                          arch));
}

}  // namespace pcluster
