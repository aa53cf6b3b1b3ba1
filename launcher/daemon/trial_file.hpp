// The lines of a large workload.
// SPDX-License-Identifier: MIT
#pragma once
#include "launcher/io/state.hpp"
#include "launcher/model/packed_lines.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

std::string path_of(const StateDirectory&, const TrialFile&);

// From the file that the client left below the state directory.  Exit::usage: they will never be
// right.
PackedLines read_trials(const StateDirectory&, const TrialFile&);

}  // namespace pcluster
