// What `smoke` tries on a worker, as data.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pcluster {

struct SmokeCheck {
  std::string name;
  // Alone on a worker, one process: is it there, and ready?  Exit code 77 = not installed; what it
  // prints last is its detail.
  std::string present;
  // Then split over the ranks; empty: being there is all.  Each rank prints "rank I of N".
  std::vector<std::string> split;
};

inline constexpr int not_installed = 77;

// `probe`: where the MPI probe is built, on a file system that all nodes see.
std::vector<SmokeCheck> smoke_checks(const std::string& probe_source, const std::string& probe);

// What is wrong with the output of a split program; nothing when each rank has spoken, and all
// agree on how many they are.
std::optional<std::string> missing_ranks(const std::string& output, std::uint32_t ranks);

}  // namespace pcluster
