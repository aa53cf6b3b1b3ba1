// What `smoke` runs on workers, as shell text, and how it judges what ranks printed.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pcluster {

// Each ends with this when what it looks for is not installed; what it prints last says what.
inline constexpr int not_installed = 77;

std::string find_mpiexec(const std::string& mpiexec);
// `probe`: where the probe is built, on a file system that all nodes see.
std::string build_probe(const std::string& source_directory, const std::string& probe);
std::string find_neuron();
std::string find_nrniv(bool with_mpi4py);  // one that has Python
std::string find_mpi4py();

// Programs for several ranks.
std::vector<std::string> shell(const std::string& script);
std::vector<std::string> neuron_ranks();
std::vector<std::string> mpi4py_ranks();
std::vector<std::string> nrniv_hello();  // as HNN's installation guide tells people to try it
std::vector<std::string> nrniv_ring(const std::string& ring);

// What is wrong with the output of a split program; nothing when each rank has spoken
// ("rank I of N"), and all agree on how many they are.
std::optional<std::string> missing_ranks(const std::string& output, std::uint32_t ranks);
// The same of nrniv_hello.
std::optional<std::string> missing_processes(const std::string& output, std::uint32_t ranks);

// "106 spikes, sha d41b2b645a83d39b"; nothing when the ring did not say so for so many ranks.
std::optional<std::string> ring_result(const std::string& output, std::uint32_t ranks);
// 1, 2, 4: as many as fit.
std::vector<std::uint32_t> ring_sizes(std::uint32_t slots);

// One line for people: the last that tells something.
std::string last_line(const std::string& output);
// Of a program that failed: what its MPI says of it, else the last line.
std::string telling_line(const std::string& output);

}  // namespace pcluster
