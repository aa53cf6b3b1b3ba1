// The order of cpus in which neighbours share the most, by hwloc: a library of its own, which only
// workers load.  A verb that starts would wait for hwloc and what it needs.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/topology/order.hpp"

#include <hwloc.h>

// hwloc numbers processing units by their place in the tree of sockets, caches and cores.
extern "C" __attribute__((visibility("default"))) int pcluster_cpus_in_order(int* cpus, int most) {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) return 0;
  int count = 0;
  if (hwloc_topology_load(topology) == 0)
    for (hwloc_obj_t unit = nullptr;
         count < most &&
         (unit = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, unit)) != nullptr;)
      cpus[count++] = static_cast<int>(unit->os_index);
  hwloc_topology_destroy(topology);
  return count;
}
