// The scheduler of a machine that has none: starts job scripts, lists those alive, ends them.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

namespace pcluster {

// `pcluster local-jobs`:
//   submit --count N --name NAME [--within ALLOCATION] SCRIPT
//                  starts N detached sessions, prints their ids; within an allocation one only,
//                  whose id begins with the allocation's: "12+7381"
//   status NAME... [--then COMMAND...]
//                  prints id|state|name|reason of each that is alive; then becomes the command
//   cancel ID...   TERM at once, KILL 5 s later; does not wait for it
// A script at DIR/jobs/TOKEN.sh runs in DIR and writes to DIR/jobs/TOKEN.out (TOKEN-i.out if N >
// 1). Returns the exit code; throws Error.
int run_local_jobs(const std::vector<std::string>& arguments);

}  // namespace pcluster
