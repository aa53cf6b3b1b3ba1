// Which workers `--on` means.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "launcher/model/messages.hpp"

namespace pcluster {

// "w0,w3-w5", each once, in the order written; "all": those of the status that are home and take
// tasks.  Throws Error(Exit::usage).
std::vector<WorkerId> chosen_workers(const std::string& text, const Status&);
// One task on each of them and nowhere else: it ends with its worker.
WorkloadSpec on_workers(WorkloadSpec, const std::string& said, const Status&);

}  // namespace pcluster
