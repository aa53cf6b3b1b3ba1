// What schedulers are asked, and what job scripts say, of a job's end.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "launcher/base/error.hpp"
#include "tests/adapters/rendered.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

bool asks(const Adapter& adapter, const JobSpec& spec, const std::string& directive) {
  const auto all = adapter.directives(spec, identity(1));
  return std::ranges::find(all, directive) != all.end();
}

std::string word(const Adapter& adapter, const JobSpec& spec, const std::string& name) {
  return adapter.script_words(spec, identity(1)).at(name);
}

}  // namespace

TEST_CASE("Slurm warns the batch shell, unless the time is not said or the user has the signal") {
  auto spec = spec_for(slurm);
  spec.warning = 90 * second;
  CHECK_FALSE(asks(slurm, spec, "--signal=B:USR1@90"));
  CHECK(word(slurm, spec, "job_signal").empty());
  CHECK(word(slurm, spec, "job_warning") == "90");  // by the worker's clock then
  CHECK(word(slurm, spec, "job_end") == "${SLURM_JOB_END_TIME:-0}");
  spec.time = 3600 * second;
  CHECK(asks(slurm, spec, "--signal=B:USR1@90"));
  CHECK(word(slurm, spec, "job_signal") == "USR1");
  CHECK(word(slurm, spec, "job_end") ==
        "${SLURM_JOB_END_TIME:-$((${PCLUSTER_JOB_STARTED%.*} + 3600))}");
  spec.drop_directives = {"signal"};
  CHECK_FALSE(asks(slurm, spec, "--signal=B:USR1@90"));
  CHECK(word(slurm, spec, "job_signal").empty());
  spec.drop_directives.clear();
  spec.directives = {"--signal=USR2@60"};
  CHECK_FALSE(asks(slurm, spec, "--signal=B:USR1@90"));
  CHECK(word(slurm, spec, "job_signal").empty());
}

TEST_CASE("a shorter job that would do: Slurm is told, PBS refuses, and the end is not guessed") {
  auto spec = spec_for(slurm);
  spec.time = 3600 * second;
  spec.time_min = 600 * second;
  CHECK(asks(slurm, spec, "--time-min=00:10:00"));
  CHECK(word(slurm, spec, "job_end") == "${SLURM_JOB_END_TIME:-0}");
  for (const auto* adapter : {&pbs, &torque})
    CHECK_THROWS_WITH_AS(adapter->directives(spec, identity(1)),
                         doctest::Contains("--time-min: PBS gives a job the time"), Error);
}

TEST_CASE("PBS says nothing: the worker's clock has what was asked for") {
  auto spec = spec_for(pbs);
  CHECK(word(pbs, spec, "job_end") == "0");
  spec.time = 90 * second;
  spec.warning = 9 * second;
  for (const auto* adapter : {&pbs, &torque}) {
    CHECK(word(*adapter, spec, "job_end") == "$((${PCLUSTER_JOB_STARTED%.*} + 90))");
    CHECK(word(*adapter, spec, "job_warning") == "9");
    CHECK(word(*adapter, spec, "job_signal").empty());
  }
}
