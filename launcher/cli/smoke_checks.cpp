// The checks of `smoke`.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/smoke_checks.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <set>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr const char* find_mpiexec =
    "command -v mpiexec >/dev/null || exit 77\n"
    "version=$(mpiexec --version 2>&1 | sed -n '/./{p;q;}')\n"
    "echo \"$version, $(command -v mpiexec) on $(hostname)\"";

// Built under a name of its own, then moved: two smokes at once must not meet.
constexpr const char* build_probe =
    "command -v mpicc >/dev/null || exit 77\n"
    "mpicc -O1 -o {probe}.$$ {source} && mv {probe}.$$ {probe} || exit 1\n"
    "echo \"built with $(command -v mpicc)\"";

// Debian's own nrniv has no Python, a wheel has both: whichever is there.
constexpr const char* find_neuron =
    "if command -v python3 >/dev/null && python3 -c 'import neuron' >/dev/null 2>&1; then\n"
    "  python3 -c 'import neuron; print(\"NEURON\", neuron.__version__, \"in Python\")'\n"
    "elif command -v nrniv >/dev/null; then echo \"$(command -v nrniv), no Python\"\n"
    "else exit 77; fi";

constexpr const char* split_neuron =
    "if python3 -c 'import neuron' >/dev/null 2>&1; then exec python3 -c '\n"
    "from neuron import h\n"
    "h.nrnmpi_init()\n"
    "pc = h.ParallelContext()\n"
    "print(\"rank\", int(pc.id()), \"of\", int(pc.nhost()), flush=True)\n"
    "pc.barrier()\n"
    "h.quit()'\n"
    "else exec nrniv -mpi -nogui -c 'objref pc' -c 'pc = new ParallelContext()' \\\n"
    "  -c '{printf(\"rank %d of %d\\n\", pc.id, pc.nhost)}' -c '{pc.barrier()}' -c 'quit()'\n"
    "fi";

constexpr const char* find_mpi4py =
    "command -v python3 >/dev/null && python3 -c 'import mpi4py' >/dev/null 2>&1 || exit 77\n"
    "python3 -c 'import mpi4py; print(\"mpi4py\", mpi4py.__version__)'";

constexpr const char* split_mpi4py =
    "exec python3 -c '\n"
    "from mpi4py import MPI\n"
    "comm = MPI.COMM_WORLD\n"
    "assert comm.allreduce(1) == comm.size\n"
    "print(\"rank\", comm.rank, \"of\", comm.size, flush=True)'";

std::vector<std::string> shell(const std::string& script) { return {"/bin/sh", "-c", script}; }

}  // namespace

std::vector<SmokeCheck> smoke_checks(const std::string& probe_source, const std::string& probe) {
  auto build = replace_all(build_probe, "{probe}", shell_quote(probe));
  build = replace_all(build, "{source}", shell_quote(probe_source));
  return {{"mpiexec", find_mpiexec, {}},
          {"MPI hello and allreduce", build, {probe}},
          {"NEURON", find_neuron, shell(split_neuron)},
          {"mpi4py", find_mpi4py, shell(split_mpi4py)}};
}

std::optional<std::string> missing_ranks(const std::string& output, std::uint32_t ranks) {
  std::set<std::uint32_t> spoken;
  for (const auto& line : lines(output)) {
    unsigned rank = 0, count = 0;
    const auto at = line.find("rank ");
    if (at == line.npos || std::sscanf(line.c_str() + at, "rank %u of %u", &rank, &count) != 2)
      continue;
    if (count != ranks)
      return fmt::format("a rank sees {} ranks instead of {}: its MPI is another than mpiexec's",
                         count, ranks);
    if (rank < ranks) spoken.insert(rank);
  }
  if (spoken.size() == ranks) return {};
  return fmt::format("{} of {} ranks spoke", spoken.size(), ranks);
}

}  // namespace pcluster
