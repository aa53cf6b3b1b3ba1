// Cores that we may use, and memory, of this host.
// SPDX-License-Identifier: MIT
#include "launcher/cli/machine.hpp"

#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {

std::optional<std::uint64_t> total_memory_mb(std::string_view meminfo) {
  for (const auto& line : lines(meminfo)) {
    if (!line.starts_with("MemTotal:")) continue;
    const auto number = trim(std::string_view(line).substr(9));
    const auto kb = to_integer(number.substr(0, number.find(' ')));
    if (kb && *kb > 0) return static_cast<std::uint64_t>(*kb) / 1024;
  }
  return {};
}

std::optional<std::uint64_t> memory_limit_mb(std::string_view memory_max) {
  const auto bytes = to_integer(trim(memory_max));
  if (!bytes || *bytes <= 0) return {};
  return static_cast<std::uint64_t>(*bytes) >> 20;
}

std::optional<std::uint32_t> core_limit(std::string_view cpu_max) {
  const auto words = split(trim(cpu_max), ' ');
  if (words.size() != 2) return {};
  const auto quota = to_integer(words[0]), period = to_integer(words[1]);
  if (!quota || !period || *quota <= 0 || *period <= 0) return {};
  return static_cast<std::uint32_t>((*quota + *period - 1) / *period);
}

Machine this_host() {
  Machine machine;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) == 0)
    machine.cores = static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&mask)));
  const auto text = [](const char* path) { return read_file_if_there(path).value_or(""); };
  if (const auto limit = core_limit(text("/sys/fs/cgroup/cpu.max")))
    machine.cores = std::clamp(*limit, 1u, machine.cores);
  machine.memory_mb = total_memory_mb(text("/proc/meminfo")).value_or(0);
  if (const auto limit = memory_limit_mb(text("/sys/fs/cgroup/memory.max")))
    machine.memory_mb = std::min(machine.memory_mb, *limit);
  utsname name{};
  if (uname(&name) == 0) machine.arch = name.machine;
  return machine;
}

}  // namespace pcluster
