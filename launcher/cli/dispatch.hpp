// Sends a workload of many tasks and sees it through; for `map` and `retry`.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>

#include "launcher/cli/client.hpp"
#include "launcher/cli/session.hpp"

namespace pcluster {

// Returns the verb's exit code.  `accepted` is called once it has its number.
int dispatch(const Session&, Client&, WorkloadSpec, bool detach,
             const std::function<void(const WorkloadAccepted&)>& accepted = {});

}  // namespace pcluster
