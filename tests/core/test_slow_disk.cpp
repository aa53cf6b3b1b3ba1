// A disk that is slow or full keeps nobody from ending, and nobody is blamed for it.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

TEST_CASE("a worker whose Welcome waits for our disk is not silent") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  const auto link = bench.join(bench.hello(token, "1", 1));
  bench.add(Bench::trials(1));
  const auto attempt = bench.given(link).front();
  bench.handle(event::WorkerCut{link, "a blip"});
  auto again = bench.hello(token, "1", 1);
  again.resumed = WorkerId{0};
  again.last_epoch = 1;
  again.held = {attempt};
  bench.say(LinkId{9}, again);  // the Welcome is in `after`, and the disk hangs
  bench.tick(60 * second);
  CHECK(bench.state(0) == "busy");
  CHECK(bench.records<WorkerGone>().empty());
  bench.say(LinkId{9}, Heartbeat{});
  bench.tick(20 * second);  // from here on its silence is its own
  CHECK(bench.state(0) == "gone");
}

TEST_CASE("who is silent while the disk hangs is waited for, and not for ever") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  const auto link = bench.join(bench.hello(token, "1", 1));
  bench.add(Bench::trials(1));
  bench.tick(8 * second);
  CHECK(bench.records<ClockRead>().size() == 1);  // does the disk answer?
  bench.core.disk_answers(false, bench.now);
  bench.tick(60 * second);
  CHECK(bench.state(0) == "busy");
  CHECK(bench.records<ClockRead>().empty());
  bench.core.disk_answers(true, bench.now);
  bench.tick(14 * second);
  CHECK(bench.state(0) == "busy");
  SUBCASE("it speaks again") {
    bench.say(link, Heartbeat{});
    bench.tick(2 * second);
    CHECK(bench.state(0) == "busy");
  }
  SUBCASE("it does not") {
    bench.tick(2 * second);
    CHECK(bench.state(0) == "gone");
  }
}

TEST_CASE("what ends workers, tasks and jobs does not wait for the disk") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  const auto link = bench.join(bench.hello(token, "1", 1));
  const auto id = bench.add(Bench::trials(1));
  const auto goes_now = [&]<class T>(const T*) {
    for (const auto& effect : bench.last.now)
      if (const auto* send = std::get_if<effect::SendWorker>(&effect))
        if (std::holds_alternative<T>(send->message)) return true;
    return false;
  };
  bench.ask(CancelWorkload{{id, {}}});
  CHECK(goes_now(static_cast<CancelTasks*>(nullptr)));
  bench.ask(StopCluster{});
  CHECK(goes_now(static_cast<StopWorker*>(nullptr)));
  CHECK(Bench::of<effect::Cancel>(bench.last.now).size() == 1);
  CHECK(bench.to<StopWorker>(link).size() == 1);
}
