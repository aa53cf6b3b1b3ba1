// A site and its live limits, for tests of what a submit comes to.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "launcher/cli/arguments.hpp"
#include "launcher/cli/resolve.hpp"
#include "launcher/cli/settings.hpp"
#include "launcher/cli/verbs.hpp"

namespace pcluster::test {

inline SiteProfile center() {
  SiteProfile site;
  site.name = "center";
  site.scheduler = "slurm";
  site.memory_cushion_mb = 100;
  site.slots_per_worker = 1;
  site.default_partition = "8GBS";
  site.setup = {"module load site"};
  site.directives = {"--site"};
  site.partitions = {{"8GBS", 8000, 1, {}, "", ""},
                     {"16GBXL", 16384, 2, {}, "", ""},
                     {"OPEN", {}, {}, {}, "", ""}};
  site.exclude = {"ADMIN"};
  return site;
}

inline PartitionLimits limits(std::string name, std::uint32_t cores = 0,
                              std::uint64_t memory_mb = 0, std::uint64_t per_core_mb = 0,
                              Micros time = 0) {
  PartitionLimits all;
  all.name = std::move(name);
  all.max_cores = cores;
  all.max_memory_mb = memory_mb;
  all.memory_mb_per_core = per_core_mb;
  all.max_time = time;
  return all;
}

inline Configuration typed(std::vector<std::string> words) {
  return settings_from(Arguments(verb_submit, words));
}

}  // namespace pcluster::test
