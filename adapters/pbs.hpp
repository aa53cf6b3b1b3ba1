// What PBS and Torque have in common: their text, their directives, their answers.  Pure; private
// to adapters/.
// SPDX-License-Identifier: MIT
#pragma once
#include "adapters/adapter.hpp"
#include "adapters/words.hpp"

namespace pcluster::pbs_text {

using Seen = std::vector<std::pair<std::string, JobSeen>>;

// One job, queue or server of `qstat -f`: "Job Id: 12.server", then "    name = value" lines.
// Long values go on after a line break and a tab; of a name that comes twice, the first counts.
struct Record {
  std::string kind, id;  // "Job Id", "Queue", "Server"
  std::vector<std::pair<std::string, std::string>> fields;
  std::string_view operator[](std::string_view name) const;  // empty = not said
};
std::vector<Record> records(std::string_view text);

std::uint64_t size_mb(std::string_view text);  // "2gb"; 0 = no size
Micros clock_time(std::string_view text);      // "100:00:00", "90"; 0 = no time
Micros unix_of(std::string_view utc);          // "Sat Nov 21 08:04:10 2026"; 0 = no date
std::string plain_id(std::string_view id);     // "12[3].server" is job 12[3]
bool is_array(std::string_view plain);         // "12[]": all of them together
std::string show_clock(Micros);                // "36:00:00"

SubmitAnswer submitted(const CommandResult&, const JobIdentity&);
SubmitAnswer refused(const CommandResult&);  // a qsub that failed
bool is_lost(const CommandResult&);          // nobody knows whether it went through
std::optional<Seen> seen(const CommandResult&);
std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult&);
bool never_starts(std::string_view reason);
std::string_view remedy(std::string_view reason);

// A directive of ours, and the names by which people may drop it or give their own.
struct Directive {
  std::string name, text;
};
// What is the user's own: added, instead of ours of the same name (of two, the scheduler would take
// the first).  `kept`: names by which we find our jobs; `beside`: what must not stand beside
// `rule`.
struct Rules {
  std::vector<std::string> ours, kept, beside;
  std::string rule;
};
std::vector<std::string> with_users(std::vector<Directive> ours, const JobSpec&, const Rules&);
// The end of the job, for its own clock: nothing in its environment says it, and nobody warns.
std::map<std::string, std::string> end_words(const JobSpec&);
std::vector<Directive> common_directives(const JobSpec&, const JobIdentity&);
std::string quoted(const std::string& value, std::string_view what);
std::string output_path(const JobIdentity&, std::string_view ending);

std::optional<Allocation> allocation(const Shell&, const FileText&);

// The commands, as one line of shell each: the first argument after it is $0.
Argv shell(std::string_view script, std::span<const std::string> arguments);
Argv limits();
// Only what `seen` reads of a listing: users' environments make up most of it.
std::string kept_lines();

}  // namespace pcluster::pbs_text
