// Looks at the machine for size.hpp: affinity, memory, control groups, topology.
// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "mpi-runtime/size.hpp"
#include "mpi-runtime/topology/order.hpp"

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

std::optional<std::string> group_file(const std::string& path) {
  try {
    return read_file_if_there(path);
  } catch (const Error&) {
    return std::nullopt;  // a limit that we may not read is left to the kernel
  }
}

}  // namespace

std::optional<MemoryPlace> own_memory_place() { return memory_place(group_file); }

WorkerSize measure_size() {
  SizeFacts facts;
  facts.mask = affinity_mask();
  facts.host_cpus = static_cast<std::uint32_t>(std::max(sysconf(_SC_NPROCESSORS_ONLN), 1L));
  facts.host_memory_mb = parse_mem_total(read_file_if_there("/proc/meminfo").value_or(""));
  auto limits = group_limits(group_file);
  facts.group_cpus = limits.cpus;
  facts.group_memory_mb = limits.memory_mb;
  facts.job_cores = variable("PCLUSTER_JOB_CORES");
  facts.job_memory_mb = variable("PCLUSTER_JOB_MEM_MB");
  facts.job_gpus = variable("PCLUSTER_JOB_GPUS");
  if (const char* gpus = getenv("CUDA_VISIBLE_DEVICES")) facts.visible_gpus = gpus;
  return size_from(facts);
}

// As it was when the library, or what it needs, is not there.
std::vector<int> by_locality(std::vector<int> cpus) {
  const auto binary = own_binary();
  const auto path = binary.substr(0, binary.rfind('/')) + "/../lib/libpcluster-topology.so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return cpus;
  const auto in_order =
      reinterpret_cast<decltype(&pcluster_cpus_in_order)>(dlsym(library, "pcluster_cpus_in_order"));
  std::vector<int> all(most_cpus), ordered;
  if (in_order != nullptr) all.resize(in_order(all.data(), most_cpus));
  dlclose(library);
  std::ranges::copy_if(all, std::back_inserter(ordered),
                       [&](int cpu) { return std::ranges::find(cpus, cpu) != cpus.end(); });
  return ordered.size() == cpus.size() ? ordered : cpus;
}

}  // namespace pcluster
