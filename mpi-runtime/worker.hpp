// The worker process: the agent with its hands.  One loop; a guard process above it ends whatever
// is left. SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include "launcher/model/spec.hpp"

#include "launcher/model/spec.hpp"

namespace pcluster {

struct WorkerOptions {
  std::string directory;  // the cluster's state directory
  std::string cluster;
  std::string token;        // of the submit
  std::uint32_t slots = 0;  // 0 = one per core
  std::string local_directory;
  std::string program;             // pcluster itself; empty = this program
  PortRange ports;                 // where it may listen
  std::vector<std::string> scrub;  // globs of variables that MPI tasks must not inherit
};
// `pcluster worker`: runs until told to leave.  The environment gives PCLUSTER_JOB_ID, _CORES,
// _MEM_MB, _GPUS, _STARTED (Unix seconds with fraction of the job script's first line).  Returns
// the exit code.
int run_worker(const WorkerOptions&);

}  // namespace pcluster
