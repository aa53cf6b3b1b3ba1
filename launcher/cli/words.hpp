// Checks of a command's words against its trials.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "launcher/model/spec.hpp"

namespace pcluster {

// Whether any brace in the words stands for something of the trial.
bool names_trial(const std::vector<std::string>& words, const std::vector<std::string>& columns);

// `{alhpa}` is no column: Error(Exit::usage) with the nearest one.  What cannot be a name stays.
void check_names(const std::vector<std::string>& words, const std::vector<std::string>& columns);

// A value set into a shell line could be read as shell: only plain words may.
void check_shell(const std::string& line, const std::vector<std::string>& columns, const Trials&);

// A resident's words are those of all its trials: Error(Exit::usage) when they name one.
void check_resident(const std::vector<std::string>& words, const std::vector<std::string>& columns);

// For people, when a command looks like a mistake; empty otherwise.
std::string command_hint(const WorkloadSpec&);

}  // namespace pcluster
