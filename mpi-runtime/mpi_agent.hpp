// The remote-start agent that mpiexec calls in the place of ssh: it has the workers of the gang
// start what it is given.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace pcluster {

// What ssh would make of its arguments: options, the host, and the words joined for a shell.
struct RemoteStart {
  std::string host, command;
};
std::optional<RemoteStart> remote_start(const std::vector<std::string>& arguments);

// Called as .../mpi-agent: is this one of those runs?  And what it does; returns the exit code.
bool called_as_mpi_agent(const std::string& program);
int run_mpi_agent(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace pcluster
