// The words for a program that could not be started.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "mpi-runtime/program.hpp"

namespace pcluster {
namespace {

std::string explain_command(int error, const Program& program, const std::string& host) {
  const std::string& command = program.argv.front();
  bool looked_up = command.find('/') == std::string::npos;
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      if (looked_up)
        return fmt::format("command not found on {}: {} (PATH={})", host, command, program.path);
      return fmt::format("command not found on {}: {}", host, command);
    case EACCES:
      return fmt::format("not executable on {}: {}; chmod +x, or start it with its interpreter",
                         host, command);
    case ENOEXEC:
      return fmt::format(
          "not a program on {}: {}; a script needs a first line such as #!/bin/sh, a binary must "
          "be "
          "built for this machine",
          host, command);
    case E2BIG:
      return fmt::format(
          "arguments and environment of {} are longer than {} allows; put the data into a file",
          command, host);
    default: return fmt::format("cannot start {} on {}: {}", command, host, std::strerror(error));
  }
}

}  // namespace

std::string explain(const StartFailure& failure, const Program& program, const std::string& host) {
  const char* why = std::strerror(failure.error);
  switch (failure.step) {
    case StartStep::directory:
      if (failure.error == ENOENT)
        return fmt::format(
            "working directory missing on {}: {}; use one that the nodes share (--chdir)", host,
            program.directory);
      return fmt::format("working directory on {}: {}: {}", host, program.directory, why);
    case StartStep::output:
      return fmt::format("cannot write output on {}: {}: {}; its directory must exist there", host,
                         program.output, why);
    case StartStep::descriptor:
      return fmt::format("cannot open the pipes of a resident on {}: {}", host, why);
    case StartStep::interpreter:
      return fmt::format(
          "interpreter missing on {}: {} is there, but not what its #! line (or its loader) names",
          host, program.argv.front());
    case StartStep::process:
      return fmt::format("no new process on {}: {}; ask for fewer slots, or see `ulimit -u`", host,
                         why);
    case StartStep::command: return explain_command(failure.error, program, host);
  }
  return why;
}

int exit_code(const StartFailure& failure) {
  bool command = failure.step == StartStep::command || failure.step == StartStep::interpreter;
  if (!command) return 125;
  return failure.error == ENOENT || failure.error == ENOTDIR ? 127 : 126;
}

}  // namespace pcluster
