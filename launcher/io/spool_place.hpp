// Places in the spools: a cluster's history is long, what somebody waits for is its end.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "launcher/io/spool.hpp"

namespace pcluster {

using SpoolPlace = std::map<std::string, std::uint64_t>;  // how far each index was read
SpoolPlace spool_end(const StateDirectory&);              // before what comes from now on

// find_output from a place on, which goes on to the end.
std::vector<SpoolPiece> find_output(const StateDirectory&, WorkloadId,
                                    std::optional<std::uint32_t> index, SpoolPlace&);

}  // namespace pcluster
