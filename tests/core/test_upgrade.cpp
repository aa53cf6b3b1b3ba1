// A launcher of another version than the workers that are home.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

TEST_CASE("a worker of another protocol is sent away, and what it ran goes to others as no loss") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  auto old = bench.hello(token, "1", 1);
  const auto before = bench.join(old);
  auto spec = Bench::trials(1);
  spec.loss_retries = 0;  // a loss would be its end
  const auto id = bench.add(spec);
  auto attempt = bench.given(before).front();
  bench.say(before, Report{1, {}, {attempt}});
  bench.restart();

  old.resumed = WorkerId{0};
  old.last_epoch = 1;
  old.held = {attempt};
  SUBCASE("another protocol") {
    old.version = protocol_version + 1;
    const LinkId link{++bench.links};
    bench.say(link, old);
    REQUIRE(bench.to<StopWorker>(link).size() == 1);
    const auto words = bench.to<StopWorker>(link).front().reason;
    CHECK(words.find("submit again with the launcher's own pcluster") != std::string::npos);
    REQUIRE(bench.records<WorkerGone>().size() == 1);
    CHECK(bench.records<WorkerGone>().front().reason == words);
    CHECK(bench.records<TaskLost>().empty());
    SubmitJobs again;  // as it says
    again.spec.adapter = "local";
    again.count = 2;
    again.pool = "default";
    bench.ask(again);
    CHECK(bench.reply<JobsAccepted>().new_jobs == 1);
    const auto other = bench.join(bench.hello(token, "2", 1));
    REQUIRE(bench.given(other).size() == 1);
    attempt = bench.given(other).front();
    bench.say(other, report({result(attempt)}));
  }
  SUBCASE("the same, and fields that the launcher does not know yet: it is served") {
    const auto link = bench.join(old);
    CHECK(bench.to<StopWorker>(link).empty());
    bench.say(link, report({result(attempt)}));
  }
  CHECK(bench.progress(id).done == 1);
}
