// Workloads of clusters that were stopped: a new cluster of the same name clears its place, and
// `map --resume` wants to know what finished before.
// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "launcher/io/state.hpp"

namespace pcluster {

// Keeps the newest workloads of a cluster that has just been stopped, and those of a few before.
void keep_workloads(const StateDirectory&);

// Where they lie, the newest first; only workloads() and inputs() mean something.
std::vector<StateDirectory> earlier_clusters(const StateDirectory&);

}  // namespace pcluster
