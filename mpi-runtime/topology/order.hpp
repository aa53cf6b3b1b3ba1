// What lib/libpcluster-topology.so has; measure.cpp loads it.
// SPDX-License-Identifier: MIT
#pragma once

// Writes the machine's cpus, at most so many, neighbours side by side; how many, 0 if unknown.
extern "C" int pcluster_cpus_in_order(int* cpus, int most);
