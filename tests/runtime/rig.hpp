// For tests: a spawner with a loop around it, and ways to look for processes that were left.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>
#include "mpi-runtime/spawn.hpp"

namespace pcluster {

class Rig {
 public:
  explicit Rig(std::uint32_t slots = 2);

  // Runs one program in slot 0 to its end.
  Ended run(std::vector<std::string> argv);
  Ended shell(const std::string& script) { return run({"/bin/sh", "-c", script}); }
  std::optional<StartFailure> start(std::uint32_t slot, std::vector<std::string> argv);
  void wait_for_ends(std::size_t count);  // in all; throws after 60 s
  void turn(Micros time);                 // runs the loop for so long

  Loop loop;
  std::vector<std::string> environment;  // of programs; the mark comes to it
  std::string directory, output_file, path = "/usr/local/bin:/usr/bin:/bin";
  std::vector<int> cores;
  bool own_session = true;
  std::map<std::pair<std::uint32_t, Stream>, std::string>
      output;                        // taken at each end, see `outputs`
  std::vector<std::string> outputs;  // "out|err" of each ended task
  std::vector<Ended> ends;
  std::function<void(const Ended&)> on_end;
  std::size_t largest_chunk = 0;
  Spawner spawner;
};

// Processes whose first two words are `sleep NUMBER`: the tests' daemons.
std::vector<pid_t> sleepers(const std::string& number);
std::string unique_number();                                // of sleepers that no other test has
bool appear(const std::string& number, std::size_t count);  // so many, within 20 s
bool gone_within(const std::string& number, Micros time);

}  // namespace pcluster
