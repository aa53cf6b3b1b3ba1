// What a damaged journal has lost of the work, as far as the results tables still know it.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "launcher/io/state.hpp"

namespace pcluster {

// A line each, for the log: tasks that had finished and run again, and workloads that are gone.
// Reads the whole journal.
std::vector<std::string> lost_work(const StateDirectory&);
std::vector<WorkerId> workers_on_disk(const StateDirectory&);  // that had a spool

}  // namespace pcluster
