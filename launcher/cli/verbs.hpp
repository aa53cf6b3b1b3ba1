// The table of verbs: names, options, examples and functions.  Help, completion and the parser read
// the same table.
// SPDX-License-Identifier: MIT
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pcluster {

class Arguments;
struct Session;

// What a shell may complete a word with.  `unsaid`: as the word's name says: FILE, DIR, ID, VERB,
// or the words themselves, "workers|jobs".
enum class Completes {
  unsaid,
  nothing,
  file,
  directory,
  site,
  partition,
  workload,
  worker,
  pool,
  cluster,
  verb,
  command
};

struct Option {
  std::string_view names;  // "-p,--partition,--queue"; the first long one is its name in code
  std::string_view value;  // "NAME"; empty: a flag
  std::string_view help;
  bool many = false;  // may be given more than once
  Completes completes = Completes::unsaid;
};

// What stands after the options.
enum class Operands { none, words, command };  // command: all from `--` or the first word on

struct Verb {
  std::string_view name, summary;
  std::string_view operands_name;  // "ID[.INDEX]", for help
  Operands operands = Operands::none;
  std::span<const Option> options, more_options;
  std::string_view examples;  // lines
  int (*run)(const Session&, const Arguments&) = nullptr;
  std::string_view description;            // sentences, for help and the man page
  std::string (*environment)() = nullptr;  // lines on its variables, for the same
  // Another program's way to write options, into ours.
  std::vector<std::string> (*spell)(const std::vector<std::string>&) = nullptr;
};

std::span<const Verb* const> verbs();
const Verb* find_verb(std::string_view name);
std::span<const Option> global_options();

// All option names of a verb, the global ones too: "--partition", "-p".
std::vector<std::string> option_names(const Verb&);
std::string_view long_name(const Option&);  // "partition"
std::string usage(const Verb&);             // "pcluster wait [ID|last]"

std::string overview();         // `pcluster --help`
std::string help(const Verb&);  // `pcluster VERB --help`

extern const Verb verb_submit, verb_start, verb_stop, verb_status, verb_map, verb_run, verb_smoke,
    verb_wait, verb_logs, verb_results, verb_cancel, verb_retry, verb_render, verb_config,
    verb_completion, verb_scale, verb_exec, verb_explain, verb_events, verb_with, verb_mpiexec,
    verb_doctor, verb_sites, verb_channels;

}  // namespace pcluster
