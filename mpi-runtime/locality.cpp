// Reads which cpus share what from /sys.  Pure: no clock, no I/O (measure.cpp reads).
// SPDX-License-Identifier: MIT
#include "mpi-runtime/locality.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

const std::string system_directory = "/sys/devices/system/";

// "0-3,8": what the kernel writes.
std::vector<int> cpu_list(std::string_view text) {
  std::vector<int> cpus;
  for (const auto& part : split(trim(text), ',')) {
    const auto dash = part.find('-');
    const auto first = to_integer(part.substr(0, dash));
    const auto last = dash == part.npos ? first : to_integer(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last > 1 << 20) continue;
    for (auto cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

// The first of those that share something stands for all of them; -1 = the kernel does not say.
int first_of(const std::optional<std::string>& text) {
  const auto cpus = cpu_list(text.value_or(""));
  return cpus.empty() ? -1 : cpus.front();
}

std::map<int, int> memory_nodes(const ReadFile& read) {
  std::map<int, int> node_of;
  for (const int node : cpu_list(read(system_directory + "node/online").value_or(""))) {
    const auto cpus =
        read(system_directory + "node/node" + std::to_string(node) + "/cpulist").value_or("");
    for (const int cpu : cpu_list(cpus)) node_of[cpu] = node;
  }
  return node_of;
}

// From the widest to the narrowest: socket, memory, caches, core, and itself.
using Place = std::vector<int>;

Place place_of(int cpu, const std::map<int, int>& node_of, const ReadFile& read) {
  const auto own = system_directory + "cpu/cpu" + std::to_string(cpu) + "/";
  const auto node = node_of.find(cpu);
  Place place{first_of(read(own + "topology/core_siblings_list")),
              node == node_of.end() ? -1 : node->second};
  Place caches;  // the kernel begins with the smallest
  for (int i = 0;; ++i) {
    const auto shared = read(own + "cache/index" + std::to_string(i) + "/shared_cpu_list");
    if (!shared) break;
    caches.push_back(first_of(shared));
  }
  place.insert(place.end(), caches.rbegin(), caches.rend());
  place.push_back(first_of(read(own + "topology/thread_siblings_list")));
  place.push_back(cpu);
  return place;
}

}  // namespace

std::vector<int> by_locality(std::vector<int> cpus, const ReadFile& read) {
  const auto node_of = memory_nodes(read);
  std::vector<Place> places;
  for (const int cpu : cpus) places.push_back(place_of(cpu, node_of, read));
  const auto unknown = [](const Place& place) { return place.front() < 0; };
  if (std::ranges::any_of(places, unknown)) return cpus;
  std::ranges::sort(places);
  std::ranges::transform(places, cpus.begin(), [](const Place& place) { return place.back(); });
  return cpus;
}

}  // namespace pcluster
