// The order of cpus in which neighbours share the most: sockets, memory, caches, cores.
// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "mpi-runtime/size.hpp"

namespace pcluster {

// The same cpus; as given when the kernel's files (/sys) do not tell.
std::vector<int> by_locality(std::vector<int> cpus, const ReadFile&);

}  // namespace pcluster
