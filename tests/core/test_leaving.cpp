// Workers whose jobs end: they are given nothing more, and what they hand back costs no try.
// SPDX-License-Identifier: MIT
#include "tests/core/gang_bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

TEST_CASE("a leaving worker gets no task; what runs there goes on, and status says why") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  const auto link = bench.join(bench.hello(token, "1", 2));
  const auto id = bench.add(Bench::trials(6));
  const auto out = bench.given(link);
  REQUIRE(out.size() == 2);
  bench.say(link, Leaving{"its job ends in 1m 30s", 90 * second});
  CHECK(bench.given(link).empty());
  CHECK(bench.state(0) == "leaving");
  const auto row = bench.core.status(bench.now).workers.at(0);
  CHECK(row.leaving == "its job ends in 1m 30s");
  CHECK(row.ends_unix == unix_zero + 90 * second);
  bench.say(link, report({result(out[0])}));
  CHECK(bench.given(link).empty());
  CHECK(bench.records<TaskSettled>().size() == 1);
  bench.handle(event::WorkerCut{link, "cable"});  // it says so again when it is back
  auto again = bench.hello(token, "1", 2);
  again.resumed = WorkerId{0};
  again.last_epoch = 1;
  again.held = {out[1]};
  bench.say(LinkId{9}, again);
  bench.say(LinkId{9}, Leaving{"its job ends in 1m", 60 * second});
  CHECK(bench.given(LinkId{9}).empty());
  const auto other = bench.join(bench.hello(token, "2", 2));
  CHECK(bench.given(other).size() == 2);
  CHECK(bench.progress(id).done == 1);
}

TEST_CASE("what a leaving worker hands back is no loss, though none is allowed") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  const auto link = bench.join(bench.hello(token, "1", 2));
  auto spec = Bench::trials(2);
  spec.loss_retries = 0;
  const auto id = bench.add(spec);
  const auto out = bench.given(link);
  REQUIRE(out.size() == 2);
  bench.say(link, Report{0, {}, out});  // both have started
  bench.say(link, Leaving{"its job ends", 0});
  bench.say(link, Bye{"its job ends", out});
  CHECK(bench.records<TaskLost>().empty());
  REQUIRE(bench.records<TasksReturned>().size() == 1);
  CHECK(bench.progress(id).failed == 0);
  CHECK(bench.progress(id).queued == 2);
  const auto other = bench.join(bench.hello(token, "2", 2));
  REQUIRE(bench.given(other).size() == 2);
  CHECK(bench.given(other).front().number == 2);
}

TEST_CASE("the end that a worker knows decides, where the listing has none") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  auto me = bench.hello(token, "1", 2);
  me.ends_unix = unix_zero + 600 * second;
  const auto link = bench.join(me);
  auto slow = Bench::trials(1);
  slow.time_request = 601 * second;
  bench.add(slow);
  CHECK(bench.given(link).empty());
  auto quick = Bench::trials(1);
  quick.time_request = 500 * second;
  bench.add(quick);
  CHECK(bench.given(link).size() == 1);
  CHECK(bench.core.status(bench.now).workers.at(0).ends_unix == me.ends_unix);
}

TEST_CASE("a gang with a part at a leaving worker: begun it goes on, else it is handed back") {
  GangBench bench({1, 1});
  auto spec = GangBench::wide(8);
  spec.loss_retries = 0;
  const auto id = bench.add(spec);
  const auto head = bench.workers[0], part = bench.workers[1];
  const auto out = bench.given(head);
  REQUIRE(out.size() == 1);
  SUBCASE("waiting") {
    bench.say(part, Leaving{"its job ends", 0});
    REQUIRE(bench.to<CancelTasks>(head).size() == 1);
    CHECK(bench.records<TasksReturned>().size() == 1);
    CHECK(bench.to<Release>(part).size() == 1);
    CHECK(bench.progress(id).queued == 1);
  }
  SUBCASE("begun") {
    bench.say(head, Report{0, {}, out});
    bench.say(part, Leaving{"its job ends", 0});
    CHECK(bench.to<CancelTasks>(head).empty());
    CHECK(bench.progress(id).running == 1);
    bench.say(part, Bye{"its job ends", {}});
    CHECK(bench.to<CancelTasks>(head).size() == 1);
    CHECK(bench.records<TaskLost>().empty());
    CHECK(bench.progress(id).queued == 1);
  }
}
