// What the ranks of the MPI probe said (mpi-runtime/probe), and what is wrong with it.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launcher/model/spec.hpp"

namespace pcluster {

// A process of the probe before MPI_Init.
struct ProbePlace {
  std::string host;
  std::optional<std::uint64_t> memlock_kb, shm_mb;  // no memlock_kb: unlimited, or not known
  std::vector<std::string> fabrics;                 // "mlx5_0", "hfi1_0"
  Environment interfaces, variables;                // "eth0", "10.0.0.1"; "OMPI_MCA_btl", "self"
};

struct ProbeRank {
  std::uint32_t rank = 0, ranks = 0;
  std::string host;
  std::vector<int> cores, reach;  // where it may run, and might if it were not bound
};

struct PairSpeed {
  std::string from, to;  // hosts
  double latency_us = 0, mb_per_second = 0;
};

struct ProbeOutput {
  std::vector<ProbePlace> places;
  std::vector<ProbeRank> ranks;
  std::vector<PairSpeed> pairs;
  std::optional<std::uint64_t> sum;            // of the allreduce
  std::vector<std::string> messaging, byways;  // "ob1"; "vader", "tcp": as MPI itself said
  std::size_t hosts() const;
};
ProbeOutput read_probe(const std::string& output);

// "0-2,5" as numbers, and back.
std::vector<int> parse_cores(const std::string& text);
std::string show_cores(const std::vector<int>& cores);

// What is wrong with a sound run of `ranks`; nothing when all is well.
std::optional<std::string> wrong_hello(const ProbeOutput&, std::uint32_t ranks);
// Two ranks on the same cores while others are there.
std::optional<std::string> wrong_binding(const ProbeOutput&);
std::string show_binding(const ProbeOutput&);

// The variable, interface or limit that may have made the run fail.
std::optional<std::string> at_fault(const ProbeOutput&);
// A limit that is too low for the fabric which is there.
std::optional<std::string> low_memlock(const ProbeOutput&);

// "ob1 over tcp", for ranks of one host or of two; "not known" where this MPI does not tell.
std::string transport(const ProbeOutput&, bool one_host);
std::string show_pairs(const std::vector<PairSpeed>&);

}  // namespace pcluster
