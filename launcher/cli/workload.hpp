// From options and a command to a workload; what `map`, `run` and `smoke` share.
// SPDX-License-Identifier: MIT
#pragma once
#include <span>
#include <string>
#include <vector>

#include "launcher/cli/session.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/io/state.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

class Arguments;

std::span<const Option> task_options();

// The task's resources, environment, directory and command.  Throws Error(Exit::usage).
WorkloadSpec workload_from(const Session&, const Arguments&, std::string verb);

// What to start: `command`, or with --shell the shell that reads it.  Throws when it is empty.
std::vector<std::string> command_words(const Arguments&, const std::vector<std::string>& command,
                                       std::string_view verb);

// Pure: what a task gets of the shell's environment, and what --env says: `K` alone takes the
// shell's value.
Environment sent_environment(const Variables&);
Environment said_environment(const Variables&, const std::vector<std::string>& said);

// Lines that are too large for a message go to a file below the state directory.
Trials place_trials(TrialLines, const StateDirectory&);

// `7`, `7.3`, `last`, or a tag (of the newest that has it), of those on disk.  Throws
// Error(Exit::usage).
TaskRef find_workload(const StateDirectory&, const std::string& word);

// Throws Error when the workload has no such task.
void check_index(const TaskRef&, const WorkloadSpec&);
// The one operand of verbs on a workload; `last` when there is none.
TaskRef workload_operand(const Session&, const Arguments&);

}  // namespace pcluster
