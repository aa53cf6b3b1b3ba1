// What a process and those below it have used so far, while they live.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/process_use.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "mpi-runtime/process_tree.hpp"

namespace pcluster {
namespace {

constexpr std::size_t most_processes = 1000;

Micros cpu_of(clockid_t clock) {
  timespec used{};
  if (clock_gettime(clock, &used) != 0) return 0;
  return used.tv_sec * second + used.tv_nsec / 1000;
}

std::uint64_t number_after(const std::string& text, const std::string& name) {
  const auto at = text.find(name);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + name.size(), nullptr, 10);
}

// Of a process that may end meanwhile.
std::string file_of(pid_t process, const char* name) {
  try {
    return read_file_if_there("/proc/" + std::to_string(process) + name).value_or("");
  } catch (const Error&) { return {}; }
}

std::uint64_t peak_of(pid_t process) { return number_after(file_of(process, "/status"), "VmHWM:"); }

}  // namespace

void ProcessUse::look(pid_t root) {
  processes_ = {root};
  for (std::size_t i = 0; i < processes_.size() && i < most_processes; ++i)
    for (const pid_t child : children_of(processes_[i])) processes_.push_back(child);
  clocks_.clear();
  clockid_t clock{};
  for (const pid_t process : processes_)
    if (clock_getcpuclockid(process, &clock) == 0) clocks_.push_back(clock);
}

Micros ProcessUse::cpu() const {
  Micros sum = 0;
  for (const clockid_t clock : clocks_) sum += cpu_of(clock);
  return sum;
}

std::uint64_t ProcessUse::max_rss_kb() const {
  std::uint64_t largest = 0;
  for (const pid_t process : processes_) largest = std::max(largest, peak_of(process));
  return largest;
}

std::uint64_t ProcessUse::memory_kb(std::uint64_t suspicious) const {
  std::uint64_t own = 0, shared = 0, exact = 0;
  for (const pid_t process : processes_) {
    const auto status = file_of(process, "/status");
    own += number_after(status, "RssAnon:");
    shared = std::max(shared, number_after(status, "RssShmem:"));
  }
  if (own + shared <= suspicious || processes_.size() == 1) return own + shared;
  for (const pid_t process : processes_) {
    const auto rollup = file_of(process, "/smaps_rollup");
    if (rollup.empty()) return own + shared;  // before Linux 4.14
    exact += number_after(rollup, "Pss_Anon:") + number_after(rollup, "Pss_Shmem:");
  }
  return exact > 0 ? exact : own + shared;
}

void forget_peak_memory() {
  malloc_trim(0);
  Fd file(open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC));
  if (file && write(file.get(), "5", 1) != 1) return;  // an old kernel: the floor is higher
}

}  // namespace pcluster
