// The hosts of a gang as its mpiexec is told them.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include "launcher/model/messages.hpp"

namespace pcluster {

struct HostEntry {
  std::string name;         // "w3": dotless, and need not resolve; of the head: see host_list
  std::uint32_t ranks = 0;  // of all parts that are started together here
};

// The head first.  Parts on one host are one entry where none of them is confined; else each has
// its own, so that no rank runs on the cores of another's job.
std::vector<HostEntry> host_entries(const std::vector<GangPart>&);

// "localhost:2,w3:2"; `head` is the first one's name.
std::string host_list(const std::vector<HostEntry>&, const std::string& head);

// The ranks that one worker's slots are for; all of the task's when it has no gang.
std::uint32_t ranks_of(const std::vector<GangPart>&, WorkerId, std::uint32_t all);

}  // namespace pcluster
