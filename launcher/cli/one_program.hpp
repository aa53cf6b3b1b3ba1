// Runs one program as a workload of one task; for `run` and `smoke`.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "launcher/cli/follow.hpp"
#include "launcher/cli/output_reader.hpp"

namespace pcluster {

struct Ran {
  Followed followed;
  WorkloadId id{};
};
// Adds the workload and follows it to its end; its output goes to `sink` as it comes.  `patience`:
// a program that has not begun after so long is cancelled; 0 = any time.
Ran run_live(const Session&, Client&, const WorkloadSpec&, Micros patience,
             const OutputReader::Sink&);

// Prints its output as it comes; returns the program's own exit code (128 + signal), 125 for
// failures of ours, 130 when interrupted.
int run_program(const Session&, Client&, const WorkloadSpec&);

struct ProgramEnd {
  int code = 0;  // as above
  std::string out, err;
  std::string message;  // why it could not run
  bool begun = true;    // false: nothing had room for it in time
};
// `patience`: a program that has not begun after so long is cancelled.
ProgramEnd run_quietly(const Session&, Client&, const WorkloadSpec&, Micros patience);

// Pure: the exit code of a workload of one task.
int program_code(const Followed&);

}  // namespace pcluster
