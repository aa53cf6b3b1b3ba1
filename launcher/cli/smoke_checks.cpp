// What `smoke` runs on workers, and how it judges what ranks printed.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/smoke_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr const char* mpiexec_text =
    "command -v {mpiexec} >/dev/null || exit 77\n"
    "version=$({mpiexec} --version 2>&1 | sed -n '/HYDRA/{n;s/ *Version: */MPICH "
    "/p;q;};/./{p;q;}')\n"
    "echo \"$version, $(command -v {mpiexec}) on $(hostname)\"";

// Built under a name of its own, then moved: two smokes at once must not meet.
constexpr const char* build_text =
    "command -v mpicc >/dev/null || { echo 'no mpicc: the development files of the MPI'; exit 77; }"
    "\nmpicc -O1 -std=gnu99 -o {probe}.$$ {source}/*.c 2>&1 && mv {probe}.$$ {probe} || exit 1\n"
    "echo \"built with $(command -v mpicc)\"";

// Debian's own nrniv has no Python, a wheel has both: whichever is there.
constexpr const char* neuron_text =
    "if command -v python3 >/dev/null && python3 -c 'import neuron' >/dev/null 2>&1; then\n"
    "  python3 -c 'import neuron; print(\"NEURON\", neuron.__version__, \"in Python\")'\n"
    "elif command -v nrniv >/dev/null; then echo \"$(command -v nrniv), no Python\"\n"
    "else exit 77; fi";

// One write a line: Python's print may write word by word, and ranks' words would mix.
constexpr const char* split_neuron =
    "if python3 -c 'import neuron' >/dev/null 2>&1; then exec python3 -c '\n"
    "import os\n"
    "from neuron import h\n"
    "h.nrnmpi_init()\n"
    "pc = h.ParallelContext()\n"
    "os.write(1, b\"rank %d of %d\\n\" % (pc.id(), pc.nhost()))\n"
    "pc.barrier()\n"
    "h.quit()'\n"
    "else exec nrniv -mpi -nogui -c 'objref pc' -c 'pc = new ParallelContext()' \\\n"
    "  -c '{printf(\"rank %d of %d\\n\", pc.id, pc.nhost)}' -c '{pc.barrier()}' -c 'quit()'\n"
    "fi";

constexpr const char* nrniv_text =
    "nrniv=$(command -v nrniv) || exit 77\n"
    "says() { nrniv -nogui -python -c \"from neuron import h; $1; print('it', 'is', 'there', "
    "flush=True); h.quit()\" 2>&1 < /dev/null | grep -q '^it is there'; }\n"
    "says 'import sys' || { echo \"$nrniv has no Python\"; exit 77; }\n"
    "{mpi4py} || { echo \"$nrniv has no mpi4py\"; exit 77; }\n"
    "echo \"$nrniv\"";

constexpr const char* mpi4py_text =
    "command -v python3 >/dev/null && python3 -c 'import mpi4py' >/dev/null 2>&1 || exit 77\n"
    "python3 -c 'import mpi4py; print(\"mpi4py\", mpi4py.__version__)'";

constexpr const char* split_mpi4py =
    "exec python3 -c '\n"
    "import os\n"
    "from mpi4py import MPI\n"
    "comm = MPI.COMM_WORLD\n"
    "assert comm.allreduce(1) == comm.size\n"
    "os.write(1, b\"rank %d of %d\\n\" % (comm.rank, comm.size))'";

// Of lines that tell nothing: rulers, MPI's talk of what it opens, our own places.
bool is_noise(const std::string& line) {
  return line.find_first_not_of("-=* \t\r") == line.npos || line.starts_with("place host=") ||
         line.find("] mca: ") != line.npos || line.find("] select: ") != line.npos ||
         line.find("mpiexec detected that one or more") != line.npos;
}

// Open MPI's help stands between rulers; the first of it is the cause, the rest follows from it.
bool is_ruler(const std::string& line) {
  return line.size() > 20 && line.find_first_not_of('-') == line.npos;
}
bool is_aftermath(const std::string& text) {
  return text.starts_with("Primary job") || text.starts_with("mpiexec ") ||
         text.starts_with("mpirun ");
}
std::vector<std::string> helps(const std::string& output, std::string& outside) {
  std::vector<std::string> all;
  bool inside = false;
  for (const auto& line : lines(output)) {
    if (is_ruler(line)) {
      inside = !inside;
      if (inside) all.emplace_back();
    } else if (!inside) {
      outside += line + "\n";
    } else if (!trim(line).empty()) {
      all.back() += (all.back().empty() ? "" : " ") + std::string(trim(line));
    }
  }
  return all;
}

// What is wrong when these of `ranks` spoke, who count themselves as `counts`.
std::optional<std::string> missing(const std::set<std::uint32_t>& spoken,
                                   const std::set<std::uint32_t>& counts, std::uint32_t ranks) {
  for (const auto count : counts)
    if (count != ranks)
      return fmt::format("a rank sees {} ranks instead of {}: its MPI is another than mpiexec's",
                         count, ranks);
  if (spoken.size() == ranks) return {};
  return fmt::format("{} of {} ranks spoke", spoken.size(), ranks);
}

}  // namespace

std::string find_mpiexec(const std::string& mpiexec) {
  return replace_all(mpiexec_text, "{mpiexec}", shell_quote(mpiexec));
}

std::string build_probe(const std::string& source_directory, const std::string& probe) {
  const auto build = replace_all(build_text, "{probe}", shell_quote(probe));
  return replace_all(build, "{source}", shell_quote(source_directory));
}

std::string find_neuron() { return neuron_text; }
std::string find_mpi4py() { return mpi4py_text; }
std::string find_nrniv(bool with_mpi4py) {
  return replace_all(nrniv_text, "{mpi4py}", with_mpi4py ? "says 'import mpi4py'" : ":");
}

std::vector<std::string> shell(const std::string& script) { return {"/bin/sh", "-c", script}; }
std::vector<std::string> neuron_ranks() { return shell(split_neuron); }
std::vector<std::string> mpi4py_ranks() { return shell(split_mpi4py); }
std::vector<std::string> nrniv_hello() {
  return {"nrniv", "-mpi", "-python", "-c",
          "from neuron import h; from mpi4py import MPI; "
          "print (f\"Hello from proc {MPI.COMM_WORLD.Get_rank()}\"); h.quit()"};
}
std::vector<std::string> nrniv_ring(const std::string& ring) {
  return {"nrniv", "-mpi", "-python", ring};
}

std::optional<std::string> missing_ranks(const std::string& output, std::uint32_t ranks) {
  std::set<std::uint32_t> spoken, counts;
  // Ranks' lines may come as one.
  for (auto at = output.find("rank "); at != output.npos; at = output.find("rank ", at + 1)) {
    unsigned rank = 0, count = 0;
    if (std::sscanf(output.c_str() + at, "rank %u of %u", &rank, &count) != 2) continue;
    counts.insert(count);
    if (rank < ranks) spoken.insert(rank);
  }
  return missing(spoken, counts, ranks);
}

std::optional<std::string> missing_processes(const std::string& output, std::uint32_t ranks) {
  std::set<std::uint32_t> spoken, counts;
  std::uint32_t greetings = 0;
  unsigned number = 0;
  constexpr std::string_view hello = "Hello from proc ", numprocs = "numprocs=";
  for (auto at = output.find(hello); at != output.npos; at = output.find(hello, at + 1)) {
    if (std::sscanf(output.c_str() + at, "Hello from proc %u", &number) != 1) continue;
    ++greetings;
    if (number < ranks) spoken.insert(number);
  }
  for (auto at = output.find(numprocs); at != output.npos; at = output.find(numprocs, at + 1))
    if (std::sscanf(output.c_str() + at, "numprocs=%u", &number) == 1) counts.insert(number);
  if (auto wrong = missing(spoken, counts, ranks)) return wrong;
  if (greetings > ranks) return fmt::format("{} ranks said hello, not {}", greetings, ranks);
  if (counts.empty()) return "NEURON did not say numprocs: it was started without MPI";
  return {};
}

std::optional<std::string> ring_result(const std::string& output, std::uint32_t ranks) {
  std::string result;
  bool as_asked = false;
  for (const auto& line : lines(output)) {
    unsigned cells = 0, spikes = 0, count = 0;
    char sha[65];
    if (std::sscanf(line.c_str(), "ring: %u cells, %u spikes, sha %64[0-9a-f]", &cells, &spikes,
                    sha) == 3)
      result = fmt::format("{} spikes, sha {}", spikes, sha);
    if (std::sscanf(line.c_str(), "ran on %u ranks", &count) == 1) as_asked = count == ranks;
  }
  if (result.empty() || !as_asked) return {};
  return result;
}

std::vector<std::uint32_t> ring_sizes(std::uint32_t slots) {
  std::vector<std::uint32_t> sizes;
  for (const std::uint32_t size : {1u, 2u, 4u})
    if (size <= slots) sizes.push_back(size);
  return sizes;
}

std::string last_line(const std::string& output) {
  const auto all = lines(output);
  const auto last = std::find_if(all.rbegin(), all.rend(),
                                 [](const std::string& line) { return !is_noise(line); });
  return last == all.rend() ? std::string() : printable(trim(*last));
}

std::string telling_line(const std::string& output) {
  constexpr std::size_t most = 240;
  std::string outside;
  for (auto& help : helps(output, outside)) {
    if (help.empty() || is_aftermath(help)) continue;
    if (help.size() > most) help = help.substr(0, most) + "...";
    return printable(help);
  }
  const auto line = last_line(outside);
  return line.empty() ? last_line(output) : line;
}

}  // namespace pcluster
