// Where the trials of `map` come from: ranges, a table, lines, `:::` lists; times channels.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "launcher/cli/sources.hpp"

namespace pcluster {

class Arguments;

struct MapTrials {
  Trials trials;
  std::vector<std::string> columns{"trial"};
  std::vector<std::string> command;  // the words before `:::`
  std::optional<Channels> channels;
  std::size_t without_channels = 0;  // trials
  bool listed = false;               // by `:::`: a command that names no value gets it appended
  bool named = false;                // its columns have names that a word may misspell
};

// Reads files and stdin.  Throws Error(Exit::usage).
MapTrials map_trials(const Arguments&);

// Pure: the command, each value appended when it is listed and no word names it.
std::vector<std::string> command_of(const MapTrials&);

}  // namespace pcluster
