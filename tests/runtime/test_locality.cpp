// Which cpus are neighbours, from files as kernels of several machines write them.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <map>

#include "mpi-runtime/locality.hpp"

using namespace pcluster;

namespace {

using Files = std::map<std::string, std::string>;

std::vector<int> ordered(const Files& files, std::vector<int> cpus) {
  return by_locality(std::move(cpus),
                     [&files](const std::string& path) -> std::optional<std::string> {
                       const auto at = files.find(path);
                       return at == files.end() ? std::nullopt : std::optional(at->second);
                     });
}

struct Cpu {
  std::string socket, core, cache;
};

Files machine(const std::vector<Cpu>& cpus) {
  Files files;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    const auto own = "/sys/devices/system/cpu/cpu" + std::to_string(i) + "/";
    files[own + "topology/core_siblings_list"] = cpus[i].socket + "\n";
    files[own + "topology/thread_siblings_list"] = cpus[i].core + "\n";
    files[own + "cache/index0/shared_cpu_list"] = cpus[i].core + "\n";
    if (!cpus[i].cache.empty()) files[own + "cache/index1/shared_cpu_list"] = cpus[i].cache + "\n";
  }
  return files;
}

}  // namespace

TEST_CASE("two sockets numbered in turn, two threads a core") {
  const std::string even = "0,2,4,6", odd = "1,3,5,7";
  const auto files = machine({{even, "0,4", even},
                              {odd, "1,5", odd},
                              {even, "2,6", even},
                              {odd, "3,7", odd},
                              {even, "0,4", even},
                              {odd, "1,5", odd},
                              {even, "2,6", even},
                              {odd, "3,7", odd}});
  CHECK(ordered(files, {0, 1, 2, 3, 4, 5, 6, 7}) == std::vector<int>{0, 4, 2, 6, 1, 5, 3, 7});
  CHECK(ordered(files, {7, 4, 1, 0}) == std::vector<int>{0, 4, 1, 7});
}

TEST_CASE("one socket: those of a cache, or of a memory, side by side") {
  const auto caches =
      machine({{"0-3", "0", "0,2"}, {"0-3", "1", "1,3"}, {"0-3", "2", "0,2"}, {"0-3", "3", "1,3"}});
  CHECK(ordered(caches, {0, 1, 2, 3}) == std::vector<int>{0, 2, 1, 3});
  auto memories = machine({{"0-3", "0", ""}, {"0-3", "1", ""}, {"0-3", "2", ""}, {"0-3", "3", ""}});
  memories["/sys/devices/system/node/online"] = "0-1\n";
  memories["/sys/devices/system/node/node0/cpulist"] = "0,3\n";
  memories["/sys/devices/system/node/node1/cpulist"] = "1-2\n";
  CHECK(ordered(memories, {0, 1, 2, 3}) == std::vector<int>{0, 3, 1, 2});
}

TEST_CASE("a kernel that tells nothing: the order given") {
  CHECK(ordered({}, {3, 1, 2}) == std::vector<int>{3, 1, 2});
  CHECK(ordered({{"/sys/devices/system/node/online", "x-y,-"}}, {1, 0}) == std::vector<int>{1, 0});
}

TEST_CASE("this machine") {
  CHECK(by_locality({0}) == std::vector<int>{0});
  CHECK(by_locality({}).empty());
}
