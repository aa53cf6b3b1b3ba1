// Slurm through our program over its library (slurm_api/): what to ask it, and its JSON read.
// Pure; private to adapters/.
// SPDX-License-Identifier: MIT
#pragma once
#include "adapters/slurm.hpp"

namespace pcluster::slurm_library {

using slurm_text::Seen;

Argv submit(const std::string& script_path, const JobSpec&, const JobIdentity&);
SubmitAnswer submitted(const CommandResult&, const JobIdentity&);
Argv status(const std::string& user, std::span<const std::string> names);
std::optional<Seen> seen(const CommandResult&);
Argv cancel(std::span<const std::string> job_ids);
Argv limits();
std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult&);
LibraryFit fit(const CommandResult&);

}  // namespace pcluster::slurm_library
