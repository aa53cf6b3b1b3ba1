// How the site's own mpiexec is asked to start ranks, here and through the workers of a gang.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include "launcher/model/spec.hpp"
#include "mpi-runtime/hosts.hpp"

namespace pcluster {

enum class MpiKind { open_mpi_4, open_mpi_5, mpich, intel, unknown };
std::string_view to_string(MpiKind);

// From what `mpiexec --version` prints.
MpiKind mpi_kind(std::string_view version_text);
// From the site's word: "openmpi4", "openmpi5", "mpich", "intel"; anything else is unknown.
MpiKind mpi_kind_named(std::string_view word);

struct MpiPlan {
  std::string mpiexec;
  std::uint32_t ranks = 1;
  std::vector<HostEntry> hosts;  // two or more: the first is this one; else all ranks are here
  std::string host;              // this one's name, which the others can resolve
  std::string agent;             // the program that starts what runs on the others
  std::string sessions;          // a directory here, never empty, for what each mpiexec keeps
  bool root = false;
};

struct MpiStart {
  std::vector<std::string> words;  // all before the program
  Environment defaults;            // stand unless somebody set them
  Environment ours;                // stand whatever anybody set: without them nothing starts
};
MpiStart mpi_start(MpiKind, const MpiPlan&, const MpiSettings& site);

// Where a part of a gang runs: two workers of one host would use the same names for the shared
// memory of their ranks, so each has a directory of its own.
Environment part_defaults(const std::string& memory_directory, const std::string& sessions);

// No mpiexec on the task's PATH: what to do about it.
std::string explain_no_mpiexec(const std::string& mpiexec, const std::string& host,
                               std::string_view path);

}  // namespace pcluster
