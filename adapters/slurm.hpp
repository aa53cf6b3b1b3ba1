// Slurm's answers, read.  Pure; private to adapters/.
// SPDX-License-Identifier: MIT
#pragma once
#include "adapters/adapter.hpp"
#include "adapters/words.hpp"

namespace pcluster::slurm_text {

using Seen = std::vector<std::pair<std::string, JobSeen>>;

// The listing's fields, `|` between them; the reason comes last, for it may hold anything.
inline constexpr std::string_view listing_format = "%F|%K|%j|%T|%e|%l|%N|%r";

SubmitAnswer submitted(const CommandResult&, const JobIdentity&);
std::optional<Seen> seen(const CommandResult&);
std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult&);
void nodes_seen(const CommandResult&, std::vector<PartitionLimits>&);
std::vector<std::string> accounts_seen(const CommandResult&);
SubmitAnswer refused(const CommandResult&);        // an sbatch that failed
bool never_starts(std::string_view reason);        // it does not pass by itself
std::string_view remedy(std::string_view reason);  // what to do about it

}  // namespace pcluster::slurm_text
