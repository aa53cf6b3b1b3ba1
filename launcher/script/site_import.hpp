// Partitions as Snakemake's cluster executor lists them, as a site profile.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "launcher/script/site.hpp"

namespace pcluster {

struct ImportedSite {
  SiteProfile site;                // but for its name and scheduler
  std::vector<std::string> notes;  // each field that has no place here: "long.max_tasks: 4"
};
// `partitions: {NAME: {max_runtime: 720, max_mem_mb: 64000, ...}}`
ImportedSite import_partitions(std::string_view yaml, const std::string& file);

}  // namespace pcluster
