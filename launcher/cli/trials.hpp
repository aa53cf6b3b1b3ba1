// What `--trials` means, and tables of trials.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "launcher/model/spec.hpp"

namespace pcluster {

inline constexpr std::size_t most_listed = 10'000'000;  // each becomes a line

// Trials of several values: a trial's are joined by tabs.
struct TrialTable {
  std::vector<std::string> columns;
  TrialLines trials;
};

// "0-499", "0-90:10", "7", "-5--1", "1-3,8,20-30:5".  Throws Error(Exit::usage).
Trials parse_trials(std::string_view text);

// Whether a trial's value is one plain shell word, so that `--shell` may set it into the command.
bool is_plain_word(std::string_view value);

}  // namespace pcluster
