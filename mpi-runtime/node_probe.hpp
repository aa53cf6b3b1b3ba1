// The probe that `pcluster doctor` sends to a node in the place of a worker.
// SPDX-License-Identifier: MIT
#pragma once
#include "mpi-runtime/worker.hpp"

namespace pcluster {

// `pcluster probe`: the job script starts it with a worker's words.  Looks around, writes what it
// found into the state directory and to its log, answers stamps, and leaves when doctor has.
// Returns the exit code.
int run_node_probe(const WorkerOptions&);

}  // namespace pcluster
