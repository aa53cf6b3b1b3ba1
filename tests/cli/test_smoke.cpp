// What `smoke` makes of the output of ranks: that all were there, and what may be at fault.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/cli/smoke_checks.hpp"
#include "launcher/cli/smoke_probe.hpp"

using namespace pcluster;

namespace {

bool has(const std::optional<std::string>& text, std::string_view what) {
  INFO(text.value_or("nothing"));
  return text && text->find(what) != std::string::npos;
}

std::string rank_line(int rank, int ranks, const std::string& host, const std::string& cores,
                      const std::string& reach) {
  return "hello from rank " + std::to_string(rank) + " of " + std::to_string(ranks) + " on " +
         host + ", cores " + cores + " of " + reach + "\n";
}

std::optional<std::string> hello_of(const std::string& text, std::uint32_t ranks) {
  return wrong_hello(read_probe(text), ranks);
}
std::optional<std::string> fault_of(const std::string& text) { return at_fault(read_probe(text)); }

}  // namespace

TEST_CASE("all ranks must have spoken, and know how many they are") {
  CHECK_FALSE(missing_ranks("noise\nrank 1 of 2\nhello from rank 0 of 2 on n1\n", 2));
  CHECK_FALSE(missing_ranks("rank 1 of 2rank 0 of 2\n\n", 2));  // mixed, as terminals mix them
  CHECK(has(missing_ranks("rank 0 of 2\n", 2), "1 of 2"));
  CHECK(has(missing_ranks("rank 0 of 2\nrank 0 of 2\n", 2), "1 of 2"));
  CHECK(has(missing_ranks("rank 0 of 1\nrank 0 of 1\n", 2), "MPI is another"));
  CHECK(missing_ranks("", 2));
}

TEST_CASE("hello and the sum of the allreduce") {
  const auto two = rank_line(0, 2, "a-b.c", "0", "0-7") + rank_line(1, 2, "n2", "1,3-4", "0-7");
  CHECK_FALSE(hello_of("place host=n1 x\n" + two + "allreduce ok 3\n", 2));
  CHECK(has(hello_of(two + "allreduce ok 4\n", 2), "4 instead of 3"));
  CHECK(has(hello_of(two, 2), "nothing instead of 3"));
  CHECK(has(hello_of(rank_line(0, 2, "n1", "0", "0"), 2), "1 of 2 ranks spoke"));
  const auto twice = rank_line(0, 2, "n1", "0", "0") + rank_line(0, 2, "n1", "0", "0");
  CHECK(has(hello_of(twice + "allreduce ok 3\n", 2), "rank 0 is there twice"));
  const auto alone = rank_line(0, 1, "n1", "0", "0") + "allreduce ok 1\n";
  CHECK(has(hello_of(alone + alone, 2), "sees 1 ranks instead of 2"));
  CHECK(has(hello_of("", 2), "0 of 2"));
  const auto output = read_probe(two);
  CHECK(output.hosts() == 2);
  CHECK(output.ranks[1].cores == std::vector<int>{1, 3, 4});
  CHECK(show_cores(output.ranks[1].cores) == "1,3-4");
}

TEST_CASE("ranks that share a core while others are there") {
  const auto binding = [](const std::string& a, const std::string& b, const std::string& reach,
                          const std::string& second = "n1") {
    return wrong_binding(
        read_probe(rank_line(0, 2, "n1", a, reach) + rank_line(1, 2, second, b, reach)));
  };
  CHECK(has(binding("3", "3", "0-7"), "ranks 0 and 1 share core 3 of n1, while cores 0-7"));
  CHECK_FALSE(binding("3", "3", "3"));  // it is all there is
  CHECK_FALSE(binding("3", "4", "0-7"));
  CHECK_FALSE(binding("3", "3", "0-7", "n2"));
  CHECK_FALSE(binding("0-7", "0-7", "0-7"));
  CHECK_FALSE(wrong_binding(read_probe("")));
  CHECK(show_binding(
            read_probe(rank_line(0, 2, "n1", "2", "0-7") + rank_line(1, 2, "n1", "3", "0-7"))) ==
        "ranks on cores: 0 on 2, 1 on 3");
}

TEST_CASE("latency, bandwidth and the transport") {
  const std::string open_mpi =
      "[n1:7] select: component ob1 selected\n"
      "[n1:7] mca: bml: Using vader btl for send to [[1,1],1] on node n1\n"
      "[n1:7] mca: bml: Using tcp btl for send to [[1,1],2] on node w3\n"
      "[n1:7] mca: bml: Using self btl for send to [[1,1],0] on node n1\n";
  auto output = read_probe(
      "pair n1 0 n1 1 latency_us 0.36 mb_s 9000.5\n"
      "pair n1 0 n2 2 latency_us 41.2 mb_s 110.0\n" +
      open_mpi);
  REQUIRE(output.pairs.size() == 2);
  CHECK(output.pairs[1].to == "n2");
  CHECK(show_pairs({output.pairs[0]}) == "0.36 us, 9000 MB/s");
  CHECK(show_pairs(output.pairs) ==
        "2 pairs: 0.36 to 41.2 us (n1-n2), 110 to 9000 MB/s (n1-n2 slowest)");
  CHECK(show_pairs({{"a", "a", 5991.2, 100}}) == "5991 us, 100 MB/s");
  CHECK(transport(output, true) == "ob1 over vader");
  CHECK(transport(output, false) == "ob1 over tcp");
  CHECK(transport(read_probe("x"), false) == "transport not known");
  CHECK(transport(read_probe("[1.2] [vm:7:0]  ucp_worker.c:1763 UCX  INFO    ep_cfg[1]: "
                             "tag(sysv/memory cma/memory tcp/eth0)\n"),
                  true) == "ucx over sysv+cma");
}

TEST_CASE("what may be at fault is named") {
  CHECK_FALSE(fault_of("place host=n1 memlock_kb=64 shm_mb=900 net=eth0=10.0.0.1\n"));
  CHECK(has(fault_of("place host=n1 set=OMPI_MCA_btl=self\n"),
            "OMPI_MCA_btl=self leaves ranks no way to each other"));
  const std::string near = "place host=n1 set=OMPI_MCA_btl=self,vader\n";
  CHECK_FALSE(fault_of(near + near));
  CHECK(has(fault_of(near + "place host=n2\n"), "leaves no way between hosts"));
  CHECK_FALSE(fault_of("place host=n1 set=OMPI_MCA_btl=^openib\nplace host=n2\n"));
  const std::string one = "place host=n1 net=eth0=10.0.0.1 net=docker0=172.17.0.1\n";
  CHECK_FALSE(fault_of(one + one));
  CHECK(has(fault_of(one + "place host=n2 net=eth0=10.0.0.2 net=docker0=172.17.0.1\n"),
            "docker0 has the address 172.17.0.1 on n1 and on n2"));
  CHECK(has(fault_of("place host=n1 memlock_kb=64 fabric=mlx5_0\n"), "ulimit -l is 64 KB on n1"));
  CHECK_FALSE(fault_of("place host=n1 memlock_kb=unlimited fabric=mlx5_0\n"));
  CHECK(has(fault_of("place host=n1 shm_mb=3\n"), "/dev/shm of n1 has 3 MB free for 1 ranks"));
}

TEST_CASE("the one-liner of HNN's guide") {
  CHECK_FALSE(missing_processes("numprocs=2\nHello from proc 1\nHello from proc 0\n", 2));
  CHECK_FALSE(missing_processes("numprocs=2\nHello from proc 1Hello from proc 0\n\n", 2));
  CHECK(has(missing_processes("numprocs=2\nHello from proc 0\nHello from proc 0\n", 2), "1 of 2"));
  CHECK(has(missing_processes("numprocs=1\nnumprocs=1\nHello from proc 0\nHello from proc 0\n", 2),
            "sees 1 ranks"));
  CHECK(has(missing_processes("Hello from proc 0\nHello from proc 1\n", 2), "without MPI"));
  CHECK(has(missing_processes("numprocs=1\nHello from proc 0\nHello from proc 0\n", 1), "2 ranks"));
}

TEST_CASE("the ring's spikes") {
  const std::string sound = "numprocs=2\nring: 64 cells, 106 spikes, sha d41b2b645a83d39b\n";
  CHECK(ring_result(sound + "ran on 2 ranks\n", 2) == "106 spikes, sha d41b2b645a83d39b");
  CHECK_FALSE(ring_result(sound + "ran on 1 ranks\n", 2));
  CHECK_FALSE(ring_result(sound, 2));
  CHECK_FALSE(ring_result("ran on 2 ranks\n", 2));
  CHECK(ring_sizes(1) == std::vector<std::uint32_t>{1});
  CHECK(ring_sizes(3) == std::vector<std::uint32_t>{1, 2});
  CHECK(ring_sizes(99) == std::vector<std::uint32_t>{1, 2, 4});
}

TEST_CASE("the line that tells why") {
  CHECK(last_line("why\n------\n[vm:1] mca: base: close\nplace host=x\n\n") == "why");
  CHECK(last_line("-----\n").empty());
  const std::string ruler(74, '-');
  const auto help = [&](const std::string& text) {
    return ruler + "\n" + text + "\n" + ruler + "\n";
  };
  CHECK(telling_line("x\n" + help("The agent\n\n  is not there") + help("ORTE gave up") + "y\n") ==
        "The agent is not there");
  CHECK(telling_line("why\n" + help("Primary job  terminated normally, but")) == "why");
  CHECK(telling_line("why\n") == "why");
}
