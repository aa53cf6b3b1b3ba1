// The options of the mpiexecs that people know, in the words of `pcluster mpiexec`, and what of
// them has no meaning here.  Pure: no clock, no I/O. SPDX-License-Identifier: MIT
#pragma once
#include <span>
#include <string>
#include <vector>

#include "launcher/cli/session.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

std::span<const Option> mpiexec_options();
std::span<const Option> mpiexec_ignored();  // where and how ranks run is the pool's to say

// `-wdir D -genv A B ... PROGRAM` as `--wdir D --env A=B ... -- PROGRAM`.
std::vector<std::string> spell_mpiexec(const std::vector<std::string>& words);

struct MpiexecCall {
  std::uint32_t ranks = 0;
  std::string directory;             // empty: where it is called
  Environment environment;           // what its options set
  std::vector<std::string> ignored;  // as they are to be named
};
// Throws Error(Exit::usage).
MpiexecCall read_mpiexec(const Arguments&, const Variables&);

// Settings of MPI in a shell: mpiexec hands them to the ranks without being asked.
Environment mpi_settings(const Variables&);

}  // namespace pcluster
