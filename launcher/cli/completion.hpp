// What may stand where a word of a command line is being typed: from the verbs' own tables.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "launcher/cli/verbs.hpp"

namespace pcluster {

struct Candidate {
  std::string word, help;
};

struct Candidates {
  std::vector<Candidate> words;  // from the tables, those that begin as typed
  std::vector<Completes> kinds;  // what else may stand there
  std::string before, typed;     // "--site=" and "es" of "--site=es"
};

// `words`: all behind "pcluster"; the last is being typed, and may be empty.  A shell may give
// "--site=es" as three words.
Candidates candidates(std::vector<std::string> words);
Candidates value_candidates(const Option&, const std::string& typed);  // of an option's value

// The value of a global option or of one of the verb's, as far as it is typed; empty: not there.
std::string typed_value(const std::vector<std::string>& words, std::string_view option);

std::string_view completion_script(std::string_view shell);  // bash, zsh, fish; empty: another

}  // namespace pcluster
