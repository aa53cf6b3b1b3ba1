// Slurm's answers, read.  Pure; private to adapters/.
// SPDX-License-Identifier: MIT
#pragma once
#include "adapters/adapter.hpp"

namespace pcluster::slurm_text {

using Seen = std::vector<std::pair<std::string, JobSeen>>;

// The listing's fields, `|` between them; the reason comes last, for it may hold anything.
inline constexpr std::string_view listing_format = "%F|%K|%j|%T|%e|%l|%N|%r";

SubmitAnswer submitted(const CommandResult&, const JobIdentity&);
std::optional<Seen> seen(const CommandResult&);
std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult&);

}  // namespace pcluster::slurm_text
