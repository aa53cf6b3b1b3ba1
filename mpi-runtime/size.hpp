// How large a worker is: the least of its affinity mask, its control group and what its job script
// says, never the node's totals.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include "launcher/model/spec.hpp"

namespace pcluster {

// What the host and the job say, before anything is concluded.
struct SizeFacts {
  std::vector<int> mask;  // cpus that this process may run on
  std::uint32_t host_cpus = 0;
  std::uint64_t host_memory_mb = 0;
  std::optional<double> group_cpus;  // control group: quota / period
  std::optional<std::uint64_t> group_memory_mb;
  std::string job_cores, job_memory_mb, job_gpus;  // PCLUSTER_JOB_*; empty = not said
  std::optional<std::string> visible_gpus;         // CUDA_VISIBLE_DEVICES
};

struct WorkerSize {
  Resources resources;
  bool confined = false;              // the mask is this job's alone: its tasks are bound
  std::vector<int> cores;             // the mask, when confined
  std::vector<std::string> gpus;      // as CUDA_VISIBLE_DEVICES names them
  std::uint64_t group_memory_mb = 0;  // the limit of our control group; 0 = none
};

WorkerSize size_from(const SizeFacts&);

// The files of a control group, version 1 or 2: `read(path)` gives a file's text.  Limits of the
// groups above count too.
struct GroupLimits {
  std::optional<double> cpus;
  std::optional<std::uint64_t> memory_mb;
};
using ReadFile = std::function<std::optional<std::string>(const std::string& path)>;
GroupLimits group_limits(const ReadFile&);

// Where this process's memory is counted: the group's directory, and the mount above it.
struct MemoryPlace {
  int version = 2;
  std::string directory, mount;
};
std::optional<MemoryPlace> memory_place(const ReadFile&);

std::optional<double> parse_cpu_max(std::string_view text);  // v2: "200000 100000", "max ..."
std::optional<double> parse_cpu_quota(std::string_view quota, std::string_view period);  // v1
std::optional<std::uint64_t> parse_memory_limit(
    std::string_view text);                               // MB; v1's "no limit" is nothing
std::uint64_t parse_mem_total(std::string_view meminfo);  // MB

// Of this process, from the kernel, the files and the environment.
WorkerSize measure_size();
std::optional<MemoryPlace> own_memory_place();

// The same cpus, those that share caches and sockets side by side (hwloc); as given when it cannot
// tell.
std::vector<int> by_locality(std::vector<int> cpus);

}  // namespace pcluster
