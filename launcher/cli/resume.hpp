// `map --resume`: what earlier workloads of the same work finished does not run again.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <vector>

#include "launcher/cli/client.hpp"
#include "launcher/cli/session.hpp"

namespace pcluster {

struct Resumed {
  std::optional<WorkloadSpec> rest;  // nothing: all has finished
  std::vector<WorkloadId> earlier;   // of this cluster, of the same work
};
// Says what it found.  Needs no launcher.
Resumed resume(const Session&, const WorkloadSpec&);

// One of them that still runs would run its tasks a second time: Error(Exit::refused).
void refuse_running(Client&, const std::vector<WorkloadId>&);

}  // namespace pcluster
