// What is wrong with a run of the MPI probe, and what may be at fault.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "launcher/base/text.hpp"
#include "launcher/cli/smoke_probe.hpp"

namespace pcluster {
namespace {

// InfiniBand registers buffers of this order; distributions leave 64 KB or 8 MB.
constexpr std::uint64_t least_memlock_kb = 64 * 1024;
// What shared memory of Open MPI takes for a rank, 4 MB of its own included.
constexpr std::uint64_t least_shm_mb = 8;

// OMPI_MCA_btl and OMPI_MCA_pml name all that may be used, unless they begin with ^.
std::optional<std::string> wrong_variable(const ProbeOutput& output) {
  static const std::set<std::string> of_one_host{"self", "vader", "sm", "smcuda"};
  for (const auto& place : output.places)
    for (const auto& [name, value] : place.variables) {
      if (name != "OMPI_MCA_btl" || value.empty() || value.front() == '^') continue;
      const auto parts = split(value, ',');
      if (std::ranges::all_of(parts, [](const auto& part) { return part == "self"; }))
        return fmt::format("{}={} leaves ranks no way to each other", name, value);
      const bool near = std::ranges::all_of(
          parts, [](const std::string& part) { return of_one_host.contains(part); });
      if (near && output.hosts() > 1)
        return fmt::format("{}={} leaves no way between hosts", name, value);
    }
  return {};
}

// Bridges of containers and virtual machines have one address on every host.
std::optional<std::string> wrong_interface(const ProbeOutput& output) {
  std::map<std::string, ProbePlace> seen;  // by address
  for (const auto& place : output.places)
    for (const auto& [name, address] : place.interfaces) {
      const auto [first, is_new] = seen.try_emplace(address, place);
      if (!is_new && first->second.host != place.host)
        return fmt::format(
            "{} has the address {} on {} and on {}, so messages may go nowhere: "
            "OMPI_MCA_btl_tcp_if_exclude=lo,{}",
            name, address, first->second.host, place.host, name);
    }
  return {};
}

std::optional<std::string> small_shm(const ProbeOutput& output) {
  for (const auto& place : output.places) {
    const auto here = static_cast<std::uint64_t>(
        std::ranges::count(output.places, place.host, &ProbePlace::host));
    if (place.shm_mb && *place.shm_mb < least_shm_mb * here)
      return fmt::format("/dev/shm of {} has {} MB free for {} ranks", place.host, *place.shm_mb,
                         here);
  }
  return {};
}

}  // namespace

std::optional<std::string> wrong_hello(const ProbeOutput& output, std::uint32_t ranks) {
  std::set<std::uint32_t> spoken;
  for (const auto& one : output.ranks) {
    if (one.ranks != ranks)
      return fmt::format(
          "a rank sees {} ranks instead of {}: the probe's MPI (mpicc) is another than mpiexec's",
          one.ranks, ranks);
    if (one.rank >= ranks || !spoken.insert(one.rank).second)
      return fmt::format("rank {} is there twice", one.rank);
  }
  if (spoken.size() < ranks) return fmt::format("{} of {} ranks spoke", spoken.size(), ranks);
  const auto expected = std::uint64_t{ranks} * (ranks + 1) / 2;
  if (output.sum != expected)
    return fmt::format("allreduce says {} instead of {}",
                       output.sum ? std::to_string(*output.sum) : "nothing", expected);
  return {};
}

std::optional<std::string> wrong_binding(const ProbeOutput& output) {
  std::map<std::pair<std::string, int>, const ProbeRank*> sitting;
  for (const auto& rank : output.ranks) {
    if (rank.cores.size() != 1) continue;
    const auto [first, is_new] = sitting.try_emplace({rank.host, rank.cores.front()}, &rank);
    if (!is_new && rank.reach.size() > 1)
      return fmt::format(
          "ranks {} and {} share core {} of {}, while cores {} are there: something other than the "
          "worker binds them (OMPI_MCA_hwloc_base_binding_policy, words of `mpi: arguments:`), or "
          "the worker has more slots than cores",
          first->second->rank, rank.rank, rank.cores.front(), rank.host, show_cores(rank.reach));
  }
  return {};
}

std::string show_binding(const ProbeOutput& output) {
  constexpr std::size_t most = 8;
  std::vector<std::string> each;
  for (const auto& rank : output.ranks)
    each.push_back(fmt::format("{} on {}", rank.rank, show_cores(rank.cores)));
  const bool alike = std::ranges::all_of(output.ranks, [&](const ProbeRank& rank) {
    return rank.cores == output.ranks.front().cores && rank.cores.size() > 1;
  });
  if (alike && !output.ranks.empty())
    return fmt::format("not bound: every rank may run on cores {} of its host",
                       show_cores(output.ranks.front().cores));
  if (each.size() > most) {
    each.resize(most);
    each.emplace_back("...");
  }
  return "ranks on cores: " + join(each, ", ");
}

std::optional<std::string> at_fault(const ProbeOutput& output) {
  for (const auto& look : {wrong_variable, wrong_interface, low_memlock, small_shm})
    if (auto fault = look(output)) return fault;
  return {};
}

std::optional<std::string> low_memlock(const ProbeOutput& output) {
  for (const auto& place : output.places)
    if (!place.fabrics.empty() && place.memlock_kb && *place.memlock_kb < least_memlock_kb)
      return fmt::format("ulimit -l is {} KB on {}, too low for {}: have it unlimited for jobs",
                         *place.memlock_kb, place.host, place.fabrics.front());
  return {};
}

}  // namespace pcluster
