// How the site's own mpiexec is asked to start ranks on this one host.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include "launcher/model/spec.hpp"

namespace pcluster {

enum class MpiKind { open_mpi_4, open_mpi_5, mpich, intel, unknown };
std::string_view to_string(MpiKind);

// From what `mpiexec --version` prints.
MpiKind mpi_kind(std::string_view version_text);

// All words before the program: {"/usr/bin/mpiexec", "--host", "localhost:2", ..., "-np", "2"}.
std::vector<std::string> mpiexec_words(MpiKind, const std::string& mpiexec, std::uint32_t ranks);

// What such a task wants in its environment unless somebody set it: shared memory instead of a
// search for networks (200 of 285 ms of MPI_Init), and root allowed where we are root.
Environment mpi_defaults(MpiKind, bool root);

// No mpiexec on the task's PATH: what to do about it.
std::string explain_no_mpiexec(const std::string& host, std::string_view path);

}  // namespace pcluster
