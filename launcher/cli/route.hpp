// Which partition a worker goes to when nobody names one: the smallest in which it fits.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>

#include "launcher/cli/resolve.hpp"

namespace pcluster {

// What a partition offers a job: the live scheduler's word, else the profile's.  0 = not known, or
// no limit.
struct Offer {
  std::string name, arch;
  std::uint64_t memory_mb = 0;  // per node, less the site's cushion
  std::uint32_t cores = 0, gpus = 0, nodes = 0;
  Micros time = 0;
};
Offer offer_of(const std::string& partition, const SiteProfile&, const LiveLimits&);

struct Route {
  std::string partition;
  std::string note;  // which, and why
};
// Nothing: no size was asked for, or the scheduler's default partition will do.  Throws
// Error(Exit::usage) when no partition fits, with what the largest offer.
std::optional<Route> route(const Configuration& asked, const SiteProfile&, const LiveLimits&,
                           const std::string& arch);
// Whether route() would like to know what the nodes have.
bool route_needs_nodes(const Configuration& asked, const SiteProfile&);

// The worker's program for a partition of this architecture; empty: this very one.  Throws
// Error(Exit::usage) when it would not run there.
std::string worker_binary_for(const Configuration& asked, const SiteProfile&, const Offer&,
                              const std::string& own_arch);

}  // namespace pcluster
