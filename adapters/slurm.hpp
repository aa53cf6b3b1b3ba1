// Slurm's answers, read.  Pure; private to adapters/.
// SPDX-License-Identifier: MIT
#pragma once
#include "adapters/adapter.hpp"
#include "adapters/words.hpp"

namespace pcluster::slurm_text {

using Seen = std::vector<std::pair<std::string, JobSeen>>;

// The listing's fields, `|` between them; the reason comes last, for it may hold anything.
inline constexpr std::string_view listing_format = "%F|%K|%j|%T|%e|%l|%N|%r";

// A job as a listing has it, whoever listed it.
struct Listed {
  std::string id;       // of the job, or of its array
  std::string element;  // of the array; no number = none
  std::string word, reason, nodes;
  Micros end_unix = 0;   // 0 = not said
  bool limited = false;  // its end is one, not Slurm's "in a year"
};
JobSeen job_seen(Listed);

// Variables of the user's shell that would change what the script asks for, or hide our jobs.
std::vector<std::string> hidden_variables(const JobSpec&);

SubmitAnswer submitted(const CommandResult&, const JobIdentity&);
std::optional<Seen> seen(const CommandResult&);
std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult&);
void nodes_seen(const CommandResult&, std::vector<PartitionLimits>&);
std::vector<std::string> accounts_seen(const CommandResult&);
SubmitAnswer refused(const CommandResult&);        // an sbatch that failed
bool never_starts(std::string_view reason);        // it does not pass by itself
std::string_view remedy(std::string_view reason);  // what to do about it

// "n[01-03,7],x" is n01, n02, n03, n7, x; at most `most_nodes`.
std::vector<std::string> nodes_in(std::string_view list);
inline constexpr std::size_t most_nodes = 100'000;

std::optional<Allocation> allocation(const Shell&, const FileText&);

// slurm_manners.cpp
Argv next_limits(const Submitter&, std::span<const CommandResult> so_far);
void add_limits(const Submitter&, std::span<const CommandResult>, std::vector<PartitionLimits>&);

// slurm_sooner.cpp, slurm_reservations.cpp
Argv estimate(const JobSpec&);
std::optional<Estimate> estimated(const CommandResult&);
Argv reservations();
std::vector<Reservation> reservations_seen(const CommandResult&);

// "MaxTime=1-00:00:00 State=UP": the value of a key, as ` KEY=`; empty = not there.
std::string_view value_of(std::string_view line, std::string_view key);
// sbatch, without those variables of the user's shell that would win over our directives.
Argv sbatch(const JobSpec&, std::vector<std::string> words);

}  // namespace pcluster::slurm_text
