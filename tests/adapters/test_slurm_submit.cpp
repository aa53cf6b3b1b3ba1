// The submit command: nothing of the user's shell may hide our jobs from us.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "adapters/adapter.hpp"

using namespace pcluster;

namespace {

Argv submit(const JobSpec& spec) {
  return slurm.submit("/d/jobs/t.sh", spec, {"c", "pcl-c-t", "t", "/d", 1});
}

bool hides(const Argv& argv, const std::string& name) {
  const auto found = std::ranges::find(argv, name);
  return found != argv.end() && *(found - 1) == "-u";
}

}  // namespace

TEST_CASE("what would hide our jobs or double them is never taken from the shell") {
  const auto argv = submit({});
  CHECK(argv.front() == "env");
  CHECK(std::vector(argv.end() - 3, argv.end()) == Argv{"sbatch", "--parsable", "/d/jobs/t.sh"});
  for (const auto* name : {"JOB_NAME", "ARRAY_INX", "WAIT", "REQUEUE", "OUTPUT"})
    CHECK(hides(argv, std::string("SBATCH_") + name));
}

TEST_CASE("what is said wins over the shell; the rest the shell may say") {
  const auto silent = submit({});
  JobSpec spec;
  spec.partition = "16GBXL";
  spec.account = "lab";
  spec.time = 60 * second;
  spec.per_node.memory_mb = 1000;
  const auto said = submit(spec);
  for (const auto* name : {"SBATCH_PARTITION", "SBATCH_ACCOUNT", "SBATCH_TIMELIMIT",
                           "SBATCH_MEM_PER_NODE", "SBATCH_MEM_PER_CPU"}) {
    CHECK(hides(said, name));
    CHECK_FALSE(hides(silent, name));
  }
}
