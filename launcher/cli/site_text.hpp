// A site profile as text: rows for people and scripts, and a file that reads back as the same.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.hpp"
#include "launcher/script/site.hpp"

namespace pcluster {

struct SiteRow {
  std::string key;  // "max_jobs", "partitions.8GBS.memory"
  std::string value, source;
};
std::vector<SiteRow> site_rows(const SiteProfile&);  // only what is said

// `heading`: lines of a comment above it.
std::string site_yaml(const SiteProfile&, const std::string& heading);

// What the live scheduler says, as a profile; `source` says which, and when.
SiteProfile site_from_live(const std::string& name, const Adapter&,
                           const std::vector<PartitionLimits>&, const std::string& source);

// One thing that the profile and the live scheduler do not say alike.
struct SiteDifference {
  std::string partition, what, profile, live;
  bool counts = true;  // false: the profile does not say, so it is not wrong
};
std::vector<SiteDifference> site_differences(const SiteProfile&,
                                             const std::vector<PartitionLimits>&);

}  // namespace pcluster
