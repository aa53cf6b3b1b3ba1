// The scheduler of a machine that has none: starts job scripts, lists those alive, ends them.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

namespace pcluster {

// `pcluster local-jobs`:
//   submit --count N --name NAME SCRIPT   starts N detached sessions, prints their ids
//   status NAME...                        prints id|state|name|reason of each that is alive
//   cancel ID...                          TERM at once, KILL 5 s later; does not wait for it
// A script at DIR/jobs/TOKEN.sh runs in DIR and writes to DIR/jobs/TOKEN.out (TOKEN-i.out if N >
// 1). Returns the exit code; throws Error.
int run_local_jobs(const std::vector<std::string>& arguments);

}  // namespace pcluster
