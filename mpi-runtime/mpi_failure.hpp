// Which rank failed, and how, from the last words of mpiexec.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include "launcher/model/messages.hpp"

namespace pcluster {

inline constexpr std::size_t kept_words = 8 * 1024;  // of mpiexec's standard error, the last

// "rank 1 on w3 (node2) ended by signal 11 (Segmentation fault)"; empty when they do not tell.
std::string mpi_failure(std::string_view last_words, const std::vector<GangPart>& gang,
                        const std::string& host);

}  // namespace pcluster
