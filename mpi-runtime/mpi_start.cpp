// How the site's own mpiexec is asked to start ranks on this one host.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/mpi_start.hpp"

#include <fmt/format.h>

namespace pcluster {
namespace {

bool has(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

}  // namespace

std::string_view to_string(MpiKind kind) {
  switch (kind) {
    case MpiKind::open_mpi_4: return "Open MPI 4";
    case MpiKind::open_mpi_5: return "Open MPI 5";
    case MpiKind::mpich: return "MPICH";
    case MpiKind::intel: return "Intel MPI";
    case MpiKind::unknown: return "unknown MPI";
  }
  return "unknown MPI";
}

MpiKind mpi_kind(std::string_view text) {
  if (has(text, "Intel(R) MPI")) return MpiKind::intel;
  if (has(text, "HYDRA") || has(text, "Hydra")) return MpiKind::mpich;
  // "mpiexec (OpenRTE) 4.1.4", "mpirun (Open MPI) 4.1.2", "mpiexec (Open MPI) 5.0.3"
  for (std::string_view name : {"(OpenRTE) ", "(Open MPI) "}) {
    auto at = text.find(name);
    if (at == std::string_view::npos) continue;
    std::size_t number = at + name.size();
    bool old = number < text.size() && text[number] >= '1' && text[number] <= '4' &&
               text.substr(number + 1, 1) == ".";
    return old ? MpiKind::open_mpi_4 : MpiKind::open_mpi_5;
  }
  return MpiKind::unknown;
}

// Open MPI binds the ranks of two tasks to the same cores, whatever mask it was given; the mask
// that the worker sets stays when it is told to bind to none.  Where it was built so, it puts its
// own directory before the user's PATH (and so before a virtual environment) unless --noprefix.
std::vector<std::string> mpiexec_words(MpiKind kind, const std::string& mpiexec,
                                       std::uint32_t ranks) {
  std::string count = std::to_string(ranks);
  switch (kind) {
    case MpiKind::open_mpi_4:
    case MpiKind::open_mpi_5:
      return {mpiexec,     "--noprefix", "--host", "localhost:" + count,
              "--bind-to", "none",       "-np",    count};
    case MpiKind::mpich:
    case MpiKind::intel: return {mpiexec, "-launcher", "fork", "-np", count};
    case MpiKind::unknown: break;
  }
  return {mpiexec, "-np", count};
}

Environment mpi_defaults(MpiKind kind, bool root) {
  Environment defaults;
  bool five = kind == MpiKind::open_mpi_5;
  if (kind == MpiKind::open_mpi_4 || five) {
    defaults = {{"OMPI_MCA_pml", "ob1"}, {"OMPI_MCA_btl", five ? "self,sm" : "self,vader"}};
    if (root) {
      defaults.emplace_back("OMPI_ALLOW_RUN_AS_ROOT", "1");
      defaults.emplace_back("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    }
    if (root && five) {
      defaults.emplace_back("PRTE_ALLOW_RUN_AS_ROOT", "1");
      defaults.emplace_back("PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    }
  }
  if (kind == MpiKind::intel) defaults = {{"I_MPI_PIN", "0"}};
  return defaults;
}

std::string explain_no_mpiexec(const std::string& host, std::string_view path) {
  return fmt::format(
      "mpiexec not found on {} (PATH={}); load the site's MPI before the workers start (submit "
      "--setup \"module load openmpi\"), or in the shell that runs pcluster, whose PATH the task "
      "gets",
      host, path);
}

}  // namespace pcluster
