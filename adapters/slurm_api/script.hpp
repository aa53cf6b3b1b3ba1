// A job script's #SBATCH lines, which the library does not read: exactly those that pcluster
// writes.  What else is there is for sbatch.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pcluster::slurm_api {

// What the lines ask for; empty or nothing = not said.
struct Wanted {
  std::string name, array, directory, output, partition, account, qos, exclude, gres;
  bool requeue = true;
  std::optional<std::uint32_t> nodes, tasks_per_node, cores_per_task, minutes, least_minutes;
  std::uint64_t memory_mb = 0, memory_mb_per_core = 0;
  struct {
    int number = 0;  // 0 = none
    std::uint16_t seconds = 0;
    bool to_shell = false;
  } warning;
};

struct Script {
  Wanted wanted;
  std::string wrong;    // why no job can come of it, as sbatch says it; empty = fine
  std::string foreign;  // what in it is for sbatch alone; empty = nothing
};
Script read_script(std::string_view text);

// A variable by which people tell sbatch what no script says, and that is not in `ignored`;
// empty = none.  `environment`: "NAME=value".
std::string foreign_variable(std::span<const std::string> environment,
                             std::span<const std::string> ignored);

}  // namespace pcluster::slurm_api
