// The agent and gangs: parts that are lent wait in turn, have seats, and are given back.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "mpi-runtime/agent.hpp"
#include "tests/runtime/acts.hpp"

using namespace pcluster;

namespace {

struct Rig {
  Agent agent;
  Time now = 0;
  Acts last;

  explicit Rig(std::uint32_t slots = 2) : agent(hello(slots), 0, {}) { welcome(); }
  static Hello hello(std::uint32_t slots) {
    Hello me;
    me.size = {slots, 1000, 0};
    me.slots = slots;
    return me;
  }
  void take(Acts acts) {
    agent.check();
    last = std::move(acts);
  }
  void hear(ToWorker message) { take(agent.received(message, now)); }
  void welcome(Epoch epoch = 1) {
    take(agent.connected(now));
    hear(Welcome{WorkerId{3}, epoch, 3 * second, 600 * second, {}});
    TaskTemplate wide;
    wide.argv = {"wide"};
    wide.ranks = 6;
    hear(Define{WorkloadId{7}, wide});
    hear(Define{WorkloadId{8}, {{"small"}}});
  }
  // Head w1 with four ranks; here, on w3, two.
  static Assignment gang(std::uint32_t index = 0) {
    Assignment item{WorkloadId{7}, index, 1, 1, {}, {"t"}, {}};
    item.gang = {{WorkerId{1}, 4, 4, "n1", {}, 0, false}, {WorkerId{3}, 2, 2, "n3", {}, 9, false}};
    return item;
  }
  void lend(std::uint32_t index = 0, Epoch epoch = 1) { hear(Lend{epoch, gang(index)}); }
  void small(std::uint32_t first, std::uint32_t count) {
    hear(Assign{1, {{WorkloadId{8}, first, count, 1, TrialRange{0, 9, 1}, {}, {}}}});
  }
  static AttemptId part(std::uint32_t index = 0) { return {{WorkloadId{7}, index}, 1, 1}; }
  static AttemptId small_one(std::uint32_t index) { return {{WorkloadId{8}, index}, 1, 1}; }
  void finish(const AttemptId& attempt) {
    TaskResult result;
    result.attempt = attempt;
    take(agent.finished(result, now));
  }
  Hello reconnect() {
    take(agent.disconnected(now));
    take(agent.connected(now));
    return std::get<Hello>(std::get<act::Send>(last.front()).message);
  }
  template <class T>
  std::vector<T> did() const {
    return acts_of<T>(last);
  }
};

}  // namespace

TEST_CASE("a part waits in turn for its slots, and keeps them until it is vacated") {
  Rig rig;
  rig.small(0, 1);
  rig.lend();
  CHECK(rig.did<act::Seat>().empty());
  rig.small(1, 1);
  CHECK(rig.did<act::Start>().empty());  // it does not pass the part
  rig.finish(Rig::small_one(0));
  const auto seats = rig.did<act::Seat>();
  REQUIRE(seats.size() == 1);
  CHECK(seats[0].part.attempt == Rig::part());
  CHECK(seats[0].part.slots == 2);
  CHECK(seats[0].part.share.cores == 2);
  CHECK(seats[0].part.gang.size() == 2);
  CHECK(seats[0].part.trial == "t");
  rig.hear(Release{{Rig::part()}});
  CHECK(rig.did<act::Vacate>().size() == 1);
  CHECK(rig.did<act::Start>().empty());
  rig.hear(Release{{Rig::part()}});
  CHECK(rig.did<act::Vacate>().empty());  // said once
  rig.take(rig.agent.vacated(Rig::part(), rig.now));
  CHECK(rig.did<act::Start>().size() == 1);
  rig.take(rig.agent.vacated(Rig::part(), rig.now));  // harmless
}

TEST_CASE("a part that waits still is dropped; an unknown one is nobody's") {
  Rig rig;
  rig.small(0, 1);
  rig.lend();
  rig.lend();  // said again
  rig.hear(Retract{{Rig::part()}});
  CHECK(std::get<Returned>(rig.did<act::Send>().front().message).attempts.empty());
  rig.hear(CancelTasks{{Rig::part()}});
  CHECK(rig.last.empty());  // its head has it, and reports
  rig.hear(Release{{Rig::part(), Rig::part(5)}});
  CHECK(rig.last.empty());
  rig.small(1, 1);
  CHECK(rig.did<act::Start>().size() == 1);
}

TEST_CASE("a head says which of its tasks have ranks elsewhere, until they are over") {
  Rig rig(4);
  auto item = Rig::gang();
  item.gang = {{WorkerId{3}, 4, 4, "n3", {}, 0, false}, {WorkerId{1}, 2, 2, "n1", {}, 9, false}};
  rig.hear(Assign{1, {item}});
  rig.small(0, 1);
  const auto hello = rig.reconnect();
  CHECK(hello.held.size() == 2);
  CHECK(hello.split == std::vector{Rig::part()});
  rig.finish(Rig::part());
  CHECK(rig.reconnect().split.empty());
}

TEST_CASE("a part outlives the connection, and is named in the next Hello") {
  Rig rig(4);
  rig.lend(0);
  rig.lend(1);
  rig.lend(2);  // waits
  rig.small(0, 1);
  const auto hello = rig.reconnect();
  CHECK(hello.held == std::vector<AttemptId>{Rig::small_one(0)});
  CHECK(hello.lent == std::vector<AttemptId>{Rig::part(2), Rig::part(0), Rig::part(1)});
  rig.welcome(2);
  rig.lend(0, 1);  // a new launcher does not know that it arrived
  CHECK(rig.did<act::Seat>().empty());
  rig.hear(Release{{Rig::part(0)}});
  rig.take(rig.agent.vacated(Rig::part(0), rig.now));
  CHECK(rig.did<act::Seat>().size() == 1);
}

TEST_CASE("without a launcher a part alone keeps no worker") {
  Rig rig;
  rig.lend();
  rig.take(rig.agent.disconnected(rig.now));
  rig.now += 600 * second;
  rig.take(rig.agent.tick(rig.now));
  CHECK(rig.did<act::Leave>().size() == 1);
}

TEST_CASE("the head has its own part's slots, and its ranks 2.5 s from TERM to KILL") {
  Rig rig(4);
  auto item = Rig::gang();
  std::swap(item.gang[0], item.gang[1]);
  rig.hear(Assign{1, {item}});
  const auto started = rig.did<act::Start>();
  REQUIRE(started.size() == 1);
  CHECK(started[0].task.slots == 2);
  CHECK(started[0].task.gang.size() == 2);
  rig.small(0, 2);
  CHECK(rig.did<act::Start>().size() == 2);
  rig.hear(CancelTasks{{Rig::part()}});
  CHECK(rig.did<act::Signal>().front().signal == 15);
  rig.now += 2500 * millisecond;
  rig.take(rig.agent.tick(rig.now));
  REQUIRE(rig.did<act::Signal>().size() == 1);
  CHECK(rig.did<act::Signal>().front().signal == 9);
}
