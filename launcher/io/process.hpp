// Short commands of others (a scheduler's, mpiexec --version): argv in, output out, never a shell.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>
#include "launcher/base/units.hpp"
#include "launcher/io/loop.hpp"

namespace pcluster {

struct CommandOutput {
  int exit_code = 0;  // 127: not found; 126: not startable; -1: ended by a signal or the time limit
  bool timed_out = false;
  std::string out, err;  // at most 4 MiB each
};
struct CommandOptions {
  std::string input;  // its standard input
  Micros timeout = 60 * second;
  std::vector<std::string> environment;  // "K=V" set over ours
};
CommandOutput run_command(const std::vector<std::string>& argv,
                          const CommandOptions& = {});  // blocks
void run_command(Loop&, std::vector<std::string> argv, CommandOptions,
                 std::function<void(CommandOutput)> done);

// Starts argv in a session of its own, standard streams to /dev/null (out and err to `log` if not
// empty). Returns its pid.  Throws Error.
int start_detached(const std::vector<std::string>& argv, const std::string& log,
                   const std::vector<std::string>& environment = {});

}  // namespace pcluster
