// Workers that are killed, and those that follow them below the same guard.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

TEST_CASE("a worker that was killed is known by the next one of its guard: only what ran is lost") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  auto me = bench.hello(token, "1", 1);
  me.incarnation = "guard.1";
  const auto first = bench.join(me);
  const auto id = bench.add(Bench::trials(8));
  const auto out = bench.given(first);
  REQUIRE(!out.empty());
  bench.handle(event::WorkerCut{first, "reset"});
  bench.tick(30 * millisecond);
  me.incarnation = "guard.3";  // the second one was killed before it could call
  const auto next = bench.join(me);
  CHECK(bench.state(0) == "gone");
  CHECK(bench.core.status(bench.now).workers.size() == 2);
  const auto again = bench.given(next);
  REQUIRE(!again.empty());
  for (const auto& attempt : again)
    if (attempt.task == out.front().task) CHECK(attempt.number == 2);
  // No look at the queue comes of it, and the job goes on.
  CHECK(Bench::of<effect::Poll>(bench.last.now).empty());
  CHECK(bench.core.status(bench.now).jobs.front().state == JobState::running);
  CHECK(bench.progress(id).running == again.size());
  // What the dead one said last, by another way, does not bring it back.
  me.incarnation = "guard.2";
  const LinkId late{77};
  bench.say(late, me);
  CHECK(Bench::of<effect::DropWorker>(bench.last.now).size() == 1);
  CHECK(bench.records<WorkerJoined>().empty());
  CHECK(bench.state(1) != "gone");
  // After a restart the guard's next one is known too.
  bench.restart();
  me.incarnation = "guard.4";
  bench.join(me);
  CHECK(bench.state(1) == "gone");
}

TEST_CASE("a task that kills its worker each time is lost for good, and no other is blamed") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  auto me = bench.hello(token, "1", 1);
  me.incarnation = "guard.1";
  auto link = bench.join(me);
  const auto id = bench.add(Bench::trials(6));
  auto out = bench.given(link);
  const auto poison = out.front().task;
  std::vector<TaskLost> lost;
  for (int life = 2; life <= 5; ++life) {
    REQUIRE(!out.empty());
    // It comes back some time: what is before it is done.
    while (out.front().task != poison) {
      bench.say(link, report({result(out.front(), TaskState::done, 10 * millisecond)}));
      const auto more = bench.given(link);
      out.erase(out.begin());
      out.insert(out.end(), more.begin(), more.end());
      REQUIRE(!out.empty());
    }
    me.incarnation = "guard." + std::to_string(life);
    link = LinkId{100 + static_cast<std::uint64_t>(life)};
    bench.say(link, me);
    for (const auto& one : bench.records<TaskLost>()) lost.push_back(one);
    bench.say(link, Heartbeat{});
    out = bench.given(link);
  }
  REQUIRE(lost.size() == 1);
  CHECK(lost.front().attempt.task == poison);
  CHECK(bench.progress(id).failed == 1);
}
