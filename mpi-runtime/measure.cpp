// Looks at the machine for size.hpp: affinity, memory, control groups, caches.
// SPDX-License-Identifier: MIT
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "mpi-runtime/locality.hpp"
#include "mpi-runtime/size.hpp"

namespace pcluster {
namespace {

constexpr int most_cpus = 64 * 1024;

std::vector<int> affinity_mask() {
  std::vector<int> mask;
  // The kernel refuses a set smaller than its own.
  for (int count = CPU_SETSIZE; count <= most_cpus; count *= 2) {
    std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(count),
                                                         [](cpu_set_t* s) { CPU_FREE(s); });
    std::size_t size = CPU_ALLOC_SIZE(count);
    CPU_ZERO_S(size, set.get());
    if (sched_getaffinity(0, size, set.get()) != 0) continue;
    for (int cpu = 0; cpu < count; ++cpu)
      if (CPU_ISSET_S(cpu, size, set.get())) mask.push_back(cpu);
    return mask;
  }
  return mask;
}

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<std::string> kernel_file(const std::string& path) {
  try {
    return read_file_if_there(path);
  } catch (const Error&) {
    return std::nullopt;  // what we may not read is left to the kernel
  }
}

}  // namespace

std::optional<MemoryPlace> own_memory_place() { return memory_place(kernel_file); }

WorkerSize measure_size() {
  SizeFacts facts;
  facts.mask = affinity_mask();
  facts.host_cpus = static_cast<std::uint32_t>(std::max(sysconf(_SC_NPROCESSORS_ONLN), 1L));
  facts.host_memory_mb = parse_mem_total(read_file_if_there("/proc/meminfo").value_or(""));
  auto limits = group_limits(kernel_file);
  facts.group_cpus = limits.cpus;
  facts.group_memory_mb = limits.memory_mb;
  facts.job_cores = variable("PCLUSTER_JOB_CORES");
  facts.job_memory_mb = variable("PCLUSTER_JOB_MEM_MB");
  facts.job_gpus = variable("PCLUSTER_JOB_GPUS");
  if (const char* gpus = getenv("CUDA_VISIBLE_DEVICES")) facts.visible_gpus = gpus;
  return size_from(facts);
}

std::vector<int> by_locality(std::vector<int> cpus) {
  return by_locality(std::move(cpus), kernel_file);
}

}  // namespace pcluster
