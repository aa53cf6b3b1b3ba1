// What the live scheduler says of its partitions, and of this user.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "launcher/cli/resolve.hpp"
#include "launcher/cli/sites.hpp"

namespace pcluster {

struct Limits {
  LiveLimits seen;
  bool set_up = true;  // false: the scheduler's programs are here, but no cluster is
};
// Throws Error(Exit::refused) when it does not answer, unless `dry`.
Limits ask_limits(const Adapter&, const Surroundings&, bool dry);
void ask_nodes(const Adapter&, std::vector<PartitionLimits>&);  // adds what their nodes have
// Empty: none, or it cannot tell.
std::vector<std::string> ask_accounts(const Adapter&, const Surroundings&, const std::string& user);

}  // namespace pcluster
