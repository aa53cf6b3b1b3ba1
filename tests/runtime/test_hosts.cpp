// The hosts of a gang, as entries of mpiexec's list; and what its last words mean.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "mpi-runtime/hosts.hpp"
#include "mpi-runtime/mpi_failure.hpp"

using namespace pcluster;

namespace {

GangPart part(std::uint32_t worker, const std::string& host, bool confined,
              std::uint32_t ranks = 2) {
  return {WorkerId{worker}, ranks, ranks, host, {"10.0.0." + host.substr(4)}, 4000, confined};
}
std::string list(const std::vector<GangPart>& gang) {
  return host_list(host_entries(gang), "localhost");
}

}  // namespace

TEST_CASE("each host is one entry, the head first, the others named by their worker") {
  CHECK(list({part(1, "node1", false), part(2, "node2", false, 3)}) == "localhost:2,w2:3");
  CHECK(list({part(1, "node1", false), part(2, "node2", false), part(3, "node2", false)}) ==
        "localhost:2,w2:4");
  CHECK(list({part(1, "node1", false), part(2, "node2", false), part(3, "node1", false)}) ==
        "localhost:4,w2:2");
}

TEST_CASE("two jobs on one host are two entries where either has cores of its own") {
  CHECK(list({part(1, "node1", true), part(2, "node1", true)}) == "localhost:2,w2:2");
  CHECK(list({part(1, "node1", false), part(2, "node1", true)}) == "localhost:2,w2:2");
  CHECK(list({part(1, "node1", true), part(2, "node1", false), part(3, "node1", false)}) ==
        "localhost:2,w2:4");
}

TEST_CASE("two hosts of one name, with other addresses, are two hosts") {
  auto other = part(2, "node1", false);
  other.addresses = {"10.9.9.9"};
  CHECK(list({part(1, "node1", false), other}) == "localhost:2,w2:2");
}

TEST_CASE("the ranks of one part; all, where there is no gang") {
  const std::vector<GangPart> gang{part(1, "node1", true, 1), part(2, "node1", true, 3)};
  CHECK(ranks_of(gang, WorkerId{2}, 4) == 3);
  CHECK(ranks_of({}, WorkerId{2}, 4) == 4);
}

TEST_CASE("which rank failed, and how") {
  const std::vector<GangPart> gang{part(1, "node1", true), part(7, "node2", true)};
  const auto meaning = [&](const std::string& text) { return mpi_failure(text, gang, "node1"); };
  CHECK(meaning("Primary job  terminated normally, but 1 process returned\n"
                "mpiexec noticed that process rank 3 with PID 0 on node w7 exited on signal 11 "
                "(Segmentation fault).\n") ==
        "rank 3 on w7 (node2) ended by signal 11 (Segmentation fault)");
  CHECK(meaning("mpiexec has exited due to process rank 1 with PID 0 on\nnode node1 exiting "
                "improperly. There are three reasons this could occur:\n") ==
        "rank 1 on node1 exited without MPI_Finalize while others still ran");
  CHECK(meaning("MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD\nwith errorcode "
                "7.\n") == "rank 1 called MPI_Abort with 7");
  CHECK(meaning("The first process to do so was:\n\n  Process name: [[23516,1],1]\n"
                "  Exit code:    5\n") == "rank 1 exited with 5");
  CHECK(
      meaning("could not access\nor execute an executable:\n\nExecutable: ./nosuch\nNode: w7\n") ==
      "./nosuch cannot be run on w7 (node2)");
  CHECK(meaning("=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES\n"
                "=   PID 1234 RUNNING AT w7\n=   EXIT CODE: 9\n") ==
        "a rank on w7 (node2) exited with 9");
  CHECK(meaning("Traceback (most recent call last):\n").empty());
}
