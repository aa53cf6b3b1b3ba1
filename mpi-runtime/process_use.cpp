// What a process and those below it have used so far, while they live.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/process_use.hpp"

#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "launcher/io/file.hpp"
#include "mpi-runtime/process_tree.hpp"

namespace pcluster {
namespace {

constexpr std::size_t most_processes = 1000;

Micros cpu_of(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return used.tv_sec * second + used.tv_nsec / 1000;
}

std::uint64_t peak_of(pid_t process) {
  const auto status = read_file_if_there("/proc/" + std::to_string(process) + "/status");
  const auto at = status ? status->find("VmHWM:") : std::string::npos;
  return at == std::string::npos ? 0 : std::strtoull(status->c_str() + at + 6, nullptr, 10);
}

}  // namespace

void ProcessUse::look(pid_t root) {
  processes_ = {root};
  for (std::size_t i = 0; i < processes_.size() && i < most_processes; ++i)
    for (const pid_t child : children_of(processes_[i])) processes_.push_back(child);
}

Micros ProcessUse::cpu() const {
  Micros sum = 0;
  for (const pid_t process : processes_) sum += cpu_of(process);
  return sum;
}

std::uint64_t ProcessUse::max_rss_kb() const {
  std::uint64_t largest = 0;
  for (const pid_t process : processes_) largest = std::max(largest, peak_of(process));
  return largest;
}

}  // namespace pcluster
