// When an agent's results go to the launcher.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/runtime/agent_rig.hpp"

using namespace pcluster;
using Rig = test::AgentRig;

TEST_CASE("results go at once when nothing waits, else before the tasks here run out") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 10);  // 8 wait
  for (std::uint32_t i = 0; i < 5; ++i) rig.finish(i);
  CHECK(rig.said<Report>().empty());
  rig.finish(5);  // 2 wait
  REQUIRE(rig.said<Report>().size() == 1);
  CHECK(rig.said<Report>().front().results.size() == 6);
  CHECK(rig.said<Report>().front().sequence == 6);
  CHECK(rig.said<Report>().front().started.size() == 2);  // results tell of the others
  rig.finish(6);
  CHECK(rig.said<Report>().empty());  // it has been said that few are left
  rig.finish(7);
  CHECK(rig.said<Report>().empty());
  rig.finish(8);
  CHECK(rig.said<Report>().size() == 1);  // a slot is free
}

TEST_CASE(
    "between reports that nobody waits for is a gap: the launcher's pace, or of brief tasks") {
  Rig rig;
  rig.welcome();
  rig.define();
  const auto assign = [&](std::uint32_t first, Micros pace) {
    rig.hear(Assign{1, {{WorkloadId{7}, first, 100, 1, TrialRange{0, 999, 1}, {}}}, pace});
  };
  assign(0, 8 * millisecond);
  rig.tick(20 * millisecond);
  rig.finish(0, TaskState::done, 20 * millisecond);
  CHECK(rig.said<Report>().size() == 1);  // at once: should the worker die, it does not run again
  rig.tick(millisecond);
  rig.finish(1, TaskState::done, 20 * millisecond);
  CHECK(rig.said<Report>().empty());
  CHECK(*rig.agent.deadline() == rig.now + 7 * millisecond);
  rig.finish(2, TaskState::done, millisecond);  // runs again for less than a report costs
  CHECK(*rig.agent.deadline() == rig.now + 99 * millisecond);
  rig.tick(99 * millisecond);
  CHECK(rig.said<Report>().front().results.size() == 2);
  assign(100, 10 * second);  // there are thousands of workers
  rig.finish(3, TaskState::done, second);
  rig.tick(3 * second - millisecond);
  CHECK(rig.said<Report>().empty());
  rig.tick(millisecond);
  CHECK(rig.said<Report>().size() == 1);
}

TEST_CASE("no result waits long: a gap when others of its workload do, else hardly") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 10);
  rig.finish(0);
  CHECK(*rig.agent.deadline() == 100 * millisecond);
  rig.tick(2500 * millisecond);
  CHECK(rig.said<Report>().size() == 1);
  const auto at = rig.now;
  rig.finish(1, TaskState::failed);
  CHECK(rig.said<Report>().empty());
  CHECK(*rig.agent.deadline() == at + 2 * millisecond);
  rig.tick(2 * millisecond);
  CHECK(rig.said<Report>().size() == 1);
  rig.hear(Define{WorkloadId{8}, {{"other"}}});
  rig.hear(Assign{1, {{WorkloadId{8}, 0, 8, 1, TrialRange{0, 7, 1}, {}}}});
  for (std::uint32_t i = 2; i < 9; ++i) rig.finish(i);
  rig.finish(9);  // the last of its workload
  CHECK(*rig.agent.deadline() <= rig.now + 2 * millisecond);
}

TEST_CASE("with a slot free results wait for those that end with them, a share of their wall") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 2);
  rig.finish(0, TaskState::done, 500 * millisecond);
  CHECK(rig.said<Report>().empty());
  CHECK(*rig.agent.deadline() == 5 * millisecond);
  rig.finish(1, TaskState::done, 500 * millisecond);  // nothing runs any more
  REQUIRE(rig.said<Report>().size() == 1);
  CHECK(rig.said<Report>().front().results.size() == 2);
  rig.assign(2, 2);
  rig.finish(2, TaskState::done, 50 * millisecond);  // not worth the while
  CHECK(rig.said<Report>().size() == 1);
  rig.hear(Ack{3});  // and nothing was there for the free slot
  rig.assign(4, 1);
  rig.finish(3, TaskState::done, 400 * millisecond);
  rig.tick(4 * millisecond);
  CHECK(rig.said<Report>().size() == 1);
}

TEST_CASE("where nothing was there for a free slot, results wait a little longer") {
  Rig rig(4);
  rig.welcome();
  rig.define();
  rig.assign(0, 4);
  rig.finish(0, TaskState::done, 800 * millisecond);
  rig.tick(8 * millisecond);
  CHECK(rig.said<Report>().size() == 1);
  rig.finish(1, TaskState::done, 800 * millisecond);
  CHECK(*rig.agent.deadline() == rig.now + 100 * millisecond);
  rig.assign(9, 1);  // there is more after all
  CHECK(*rig.agent.deadline() == rig.now + 8 * millisecond);
  rig.finish(2, TaskState::done, 800 * millisecond);
  rig.finish(3, TaskState::done, 800 * millisecond);
  CHECK(rig.said<Report>().empty());
  rig.finish(9);
  CHECK(rig.said<Report>().size() == 1);  // the last of its workload
}

TEST_CASE("reports and their answers are heartbeats enough") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 40);
  for (std::uint32_t i = 0; i < 4; ++i) {
    rig.finish(i);
    rig.tick(2500 * millisecond);
    CHECK(rig.said<Report>().size() == 1);
    CHECK(rig.said<Heartbeat>().empty());
    rig.hear(Ack{i + 1});
  }
  rig.tick(5999 * millisecond);
  CHECK(rig.said<Heartbeat>().empty());
  rig.tick(millisecond);
  CHECK(rig.said<Heartbeat>().size() == 1);
  rig.finish(4);
  CHECK(rig.said<Report>().size() == 1);
  rig.tick(3 * second);  // not answered: is the launcher there?
  CHECK(rig.said<Heartbeat>().size() == 1);
}
