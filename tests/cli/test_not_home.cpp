// What submit reads in the logs of jobs that run without being home.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/cli/not_home.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/hops.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

JobRow running(const std::string& log) {
  JobRow job;
  job.job_id = "12";
  job.state = JobState::running;
  job.log = log;
  return job;
}

}  // namespace

TEST_CASE("the hop in the log of a job that runs") {
  const Scratch scratch;
  const auto log = scratch.path + "/12.out";
  NotHome trouble;
  append_file(log, "loading modules\n");
  trouble.look({running(log)}, second);
  CHECK(trouble.text().empty());
  append_file(log, no_way_text("n14", {"10.0.0.1:4001: Connection refused"}) + "; a firewall?\n");
  trouble.look({running(log)}, second + millisecond);  // too soon to read it again
  CHECK(trouble.text().empty());
  trouble.look({running(log)}, 3 * second);
  CHECK(trouble.text() == "1 address tried from n14: 1 refused");
  trouble.look({running(log), running(log), running(log)}, 5 * second);
  CHECK(trouble.text() == "1 address tried from n14: 1 refused (and 2 more jobs)");
  trouble.look({}, 7 * second);
  CHECK(trouble.text().empty());
}

TEST_CASE("a job that runs for long without a log") {
  const Scratch scratch;
  const auto log = scratch.path + "/none.out";
  NotHome trouble;
  trouble.look({running(log)}, second);
  trouble.look({running(log)}, 10 * second);
  CHECK(trouble.text().empty());
  trouble.look({running(log)}, 22 * second);
  CHECK(trouble.text().find("job 12 runs, and " + log + " is not there") == 0);
  auto pending = running(log);
  pending.state = JobState::pending;
  trouble.look({pending}, 60 * second);
  CHECK(trouble.text().empty());
}

TEST_CASE("the end of a file") {
  const Scratch scratch;
  const auto file = scratch.path + "/long";
  append_file(file, std::string(5000, 'a') + "end");
  CHECK(end_of_file(file, 4) == "aend");
  CHECK(end_of_file(file, 1 << 20).size() == 5003);
  CHECK(end_of_file(scratch.path, 4).empty());
  CHECK(end_of_file(scratch.path + "/none", 4).empty());
}
