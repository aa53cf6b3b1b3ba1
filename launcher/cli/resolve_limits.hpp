// What fills a plan's gaps, and what caps it: the live partition, else the profile.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include "launcher/cli/resolve.hpp"

namespace pcluster {

struct LimitsOf {  // a partition
  const PartitionLimits* live = nullptr;
  const SitePartition* preset = nullptr;
  const SiteProfile* site = nullptr;
  std::string arch;  // of this machine
};

// Of a partition, or of the default one when none is named; null: not known.
const PartitionLimits* limits_of(const std::string& partition, const LiveLimits&);
std::string preset_says(const SitePartition&, const std::string& site);
// What neither the user nor the partition's preset says.
void fill(Plan&, std::uint64_t nominal_memory_mb, const LimitsOf&);
// Each value that is more than allowed becomes the limit, and a note.
void cap_all(Plan&, const LimitsOf&);

}  // namespace pcluster
