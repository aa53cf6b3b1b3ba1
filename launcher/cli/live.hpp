// What else the live scheduler tells: of its nodes, and of this user.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "launcher/cli/live_limits.hpp"
#include "launcher/cli/sites.hpp"

namespace pcluster {

void ask_nodes(const Adapter&, std::vector<PartitionLimits>&);  // adds what their nodes have
// Empty: none, or it cannot tell.
std::vector<std::string> ask_accounts(const Adapter&, const Surroundings&, const std::string& user);

}  // namespace pcluster
