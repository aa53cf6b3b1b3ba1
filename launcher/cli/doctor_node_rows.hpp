// Rows of doctor on the node alone: scratch, limits, MPI.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "launcher/cli/doctor_rows.hpp"

namespace pcluster {

// `same_host`: there is no queue to ask.
std::vector<DoctorRow> node_rows(const Findings&, bool same_host);

}  // namespace pcluster
