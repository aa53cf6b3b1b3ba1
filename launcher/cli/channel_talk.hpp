// Carries bytes between the programs of a workload and our standard streams, in frames.
// SPDX-License-Identifier: MIT
#pragma once
#include "launcher/cli/client.hpp"
#include "launcher/cli/session.hpp"

namespace pcluster {

// To the workload's end; its exit code.  What has not ended `grace` after the end of standard
// input is cancelled.
int talk(const Session&, Client, const WorkloadAccepted&, Micros grace);

}  // namespace pcluster
