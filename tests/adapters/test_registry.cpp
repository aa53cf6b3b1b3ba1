// The registry, and the local adapter's commands and answers.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <fstream>

#include "adapters/adapter.hpp"
#include "launcher/base/error.hpp"

using namespace pcluster;

TEST_CASE("every adapter is found by its name and has its template") {
  CHECK(adapters().size() >= 2);
  for (const auto* adapter : adapters()) {
    CHECK(find_adapter(adapter->name) == adapter);
    const auto file = PCLUSTER_SOURCE "/templates/" + std::string(adapter->template_file);
    CHECK_MESSAGE(std::ifstream(file).good(), file);
  }
  CHECK(find_adapter("slurm") == &slurm);
  CHECK(find_adapter("lsf") == nullptr);
  CHECK(adapters().back()->probe.empty());  // the last resort is always there
}

TEST_CASE("local jobs go through the program itself") {
  const JobIdentity job{"c", "pcl-c-t", "t", "/d", 3};
  CHECK(local.submit("/d/jobs/t.sh", {}, job) == Argv{"pcluster", "local-jobs", "submit", "--count",
                                                      "3", "--name", "pcl-c-t", "/d/jobs/t.sh"});
  const std::vector<std::string> words{"a", "b"};
  CHECK(local.status("ann", words) == Argv{"pcluster", "local-jobs", "status", "a", "b"});
  CHECK(local.cancel(words) == Argv{"pcluster", "local-jobs", "cancel", "a", "b"});
  CHECK(local.limits().empty());
  CHECK(local.limits_seen({})->empty());
  JobSpec spec;
  spec.nodes = 2;
  CHECK_THROWS_AS(local.directives(spec, job), Error);
}

TEST_CASE("answers of local jobs") {
  const JobIdentity job{"c", "pcl-c-t", "t", "/d", 2};
  const auto accepted = local.submitted({0, false, "7.1\n8.1\n", ""}, job);
  CHECK(accepted.kind == SubmitAnswer::Kind::accepted);
  CHECK(accepted.job_ids == std::vector<std::string>{"7.1", "8.1"});
  const auto refused = local.submitted({3, false, "", "no processes left\n"}, job);
  CHECK(refused.kind == SubmitAnswer::Kind::refused);
  CHECK(refused.message == "no processes left");
  CHECK(local.submitted({0, false, "7.1\n", ""}, job).kind == SubmitAnswer::Kind::refused);
  CHECK(local.submitted({-1, true, "", ""}, job).kind == SubmitAnswer::Kind::unanswered);

  const auto seen = local.seen({0, false, "7.1|running|pcl-c-t|\nnoise\n", ""});
  REQUIRE(seen);
  REQUIRE(seen->size() == 1);
  CHECK(seen->front().first == "pcl-c-t");
  CHECK(seen->front().second == JobSeen{"7.1", JobState::running, "running", "", "", 0, false});
  CHECK_FALSE(local.seen({1, false, "", "no"}));
}
