// Workers in an allocation that is there already, whatever the scheduler: its programs start on the
// nodes from a local job, which is known by the allocation's id.  Pure; private to adapters/.
// SPDX-License-Identifier: MIT
#pragma once
#include "adapters/adapter.hpp"

namespace pcluster::here_text {

std::vector<std::string> directives(const JobSpec&, const JobIdentity&);  // none
Argv submit(const std::string& script_path, const JobSpec&, const JobIdentity&);
SubmitAnswer submitted(const CommandResult&, const JobIdentity&);
Argv cancel(std::span<const std::string> job_ids);
Argv status(const std::string& user, std::span<const std::string> names);
Argv limits();  // none: nothing is submitted
std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult&);

// The value of a variable; empty when it is not set.
std::string_view value(const Shell&, std::string_view name);

}  // namespace pcluster::here_text
