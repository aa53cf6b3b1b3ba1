// The agent at the end of its job, by its own clock and when it is told.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <csignal>

#include "mpi-runtime/agent.hpp"
#include "mpi-runtime/job_end.hpp"
#include "tests/runtime/acts.hpp"

using namespace pcluster;

namespace {

Hello two_slots() {
  Hello me;
  me.size = {2, 1000, 0};
  me.slots = 2;
  return me;
}

Agent::Limits with_clock(Time end, Micros warning) {
  Agent::Limits limits;
  limits.job_ends = end;
  limits.warning = warning;
  limits.by_clock = true;
  return limits;
}

struct Rig {
  Agent agent;
  Time now = 0;
  Acts last;

  explicit Rig(Agent::Limits limits) : agent(two_slots(), 0, limits) {
    take(agent.connected(now));
    hear(Welcome{WorkerId{3}, 1, 3 * second, 600 * second});
    hear(Define{WorkloadId{7}, {{"run", "{trial}"}}});
  }
  void take(Acts acts) {
    agent.check();
    last = std::move(acts);
  }
  void hear(ToWorker message) { take(agent.received(message, now)); }
  void assign(std::uint32_t first, std::uint32_t count) {
    hear(Assign{1, {{WorkloadId{7}, first, count, 1, TrialRange{0, 100, 1}, {}}}});
  }
  // All that comes of the time until then.
  void until(Time end) {
    Acts all;
    while (now < end) {
      now = std::min(end, agent.deadline().value_or(end));
      take(agent.tick(now));
      for (auto& act : last) all.push_back(act);
      hear(Ack{0});  // the launcher lives
      for (auto& act : last) all.push_back(act);
      REQUIRE(agent.deadline().value_or(now + 1) > now);
    }
    last = std::move(all);
  }
  void finish(std::uint32_t index, TaskState state = TaskState::failed) {
    TaskResult result;
    result.attempt = id(index);
    result.state = state;
    take(agent.finished(result, now));
  }
  static AttemptId id(std::uint32_t index) { return {{WorkloadId{7}, index}, 1, 1}; }
  template <class T>
  std::vector<T> said() const {
    return messages_of<T>(last);
  }
  template <class T>
  std::vector<T> did() const {
    return acts_of<T>(last);
  }
};

}  // namespace

TEST_CASE("by its clock: no more tasks, then those that run are ended and handed back") {
  Rig rig(with_clock(600 * second, 90 * second));
  rig.assign(0, 4);
  rig.until(509 * second);
  CHECK(rig.said<Leaving>().empty());
  rig.until(510 * second);
  REQUIRE(rig.said<Leaving>().size() == 1);
  CHECK(rig.said<Leaving>()[0].within == 90 * second);
  REQUIRE(rig.said<Returned>().size() == 1);
  CHECK(rig.said<Returned>()[0].attempts == std::vector{Rig::id(2), Rig::id(3)});
  rig.assign(4, 1);  // it has crossed
  CHECK(rig.did<act::Start>().empty());
  REQUIRE(rig.said<Returned>().size() == 1);
  CHECK(rig.said<Returned>()[0].attempts == std::vector{Rig::id(4)});
  rig.finish(0, TaskState::done);
  CHECK(rig.did<act::Start>().empty());
  rig.until(589 * second);
  CHECK(rig.did<act::Signal>().empty());
  rig.until(590 * second);
  REQUIRE(rig.did<act::Signal>().size() == 1);
  CHECK(rig.did<act::Signal>()[0].signal == SIGTERM);
  rig.finish(1, TaskState::done);  // "done" of one that was told to end is not believed
  REQUIRE(rig.said<Bye>().size() == 1);
  CHECK(rig.said<Bye>()[0].handed_back == std::vector{Rig::id(1)});
  CHECK(rig.did<act::Leave>().size() == 1);
}

TEST_CASE("one that does not end is killed, and then not waited for") {
  Rig rig(with_clock(600 * second, 90 * second));
  rig.assign(0, 1);
  rig.until(596 * second);
  const auto signals = rig.did<act::Signal>();
  REQUIRE(signals.size() == 2);
  CHECK(signals[1].signal == SIGKILL);
  REQUIRE(rig.said<Bye>().size() == 1);
  CHECK(rig.said<Bye>()[0].handed_back == std::vector{Rig::id(0)});
}

TEST_CASE("with nothing left it leaves at once, but not before its results are safe") {
  Rig rig(with_clock(600 * second, 90 * second));
  rig.assign(0, 1);
  rig.finish(0, TaskState::done);
  rig.until(511 * second);
  CHECK(rig.said<Leaving>().size() == 1);
  CHECK(rig.said<Bye>().empty());
  rig.hear(Ack{1});
  CHECK(rig.said<Bye>().size() == 1);
}

TEST_CASE("without a launcher it says so when one is back") {
  Rig rig(with_clock(600 * second, 90 * second));
  rig.assign(0, 3);
  rig.take(rig.agent.disconnected(rig.now));
  rig.now = 510 * second;
  rig.take(rig.agent.tick(rig.now));
  CHECK(rig.last.empty());
  rig.take(rig.agent.connected(rig.now));
  REQUIRE(rig.said<Hello>().size() == 1);
  CHECK(rig.said<Hello>()[0].held.size() == 2);  // what waited is the launcher's again
  rig.hear(Welcome{WorkerId{3}, 2, 3 * second, 600 * second});
  CHECK(rig.said<Leaving>().size() == 1);
}

TEST_CASE("warned: by the time that is left, or until it is told to end") {
  Agent::Limits limits;
  limits.warning = 90 * second;
  Rig rig(limits);
  rig.assign(0, 1);
  SUBCASE("early: not before the warning's own time") {
    rig.take(rig.agent.warned(120 * second, rig.now));
    CHECK(rig.said<Leaving>().empty());
    rig.until(30 * second);
    CHECK(rig.said<Leaving>().size() == 1);
    rig.until(110 * second);
    CHECK(rig.did<act::Signal>().size() == 1);
  }
  SUBCASE("nobody knows when") {
    rig.take(rig.agent.warned(0, rig.now));
    REQUIRE(rig.said<Leaving>().size() == 1);
    CHECK(rig.said<Leaving>()[0].within == 0);
    rig.until(500 * second);
    CHECK(rig.did<act::Signal>().empty());
  }
  SUBCASE("told to end: all goes back at once") {
    rig.take(rig.agent.job_ended("preempted", rig.now));
    REQUIRE(rig.said<Bye>().size() == 1);
    CHECK(rig.said<Bye>()[0].handed_back == std::vector{Rig::id(0)});
    CHECK(rig.did<act::Leave>().size() == 1);
  }
}

TEST_CASE("what a job script says of its end") {
  constexpr Micros start = 1'000'000 * second;
  const auto slurm = job_end("1003600", "90", "USR1", start);
  CHECK(slurm.ends_unix == start + 3600 * second);
  CHECK_FALSE(slurm.by_clock);
  CHECK(job_end("1003600", "90", "", start).by_clock);
  CHECK_FALSE(job_end("0", "90", "", start).by_clock);
  CHECK_FALSE(job_end("", "", "", start).by_clock);
  CHECK(job_end("1000060", "90", "", start).warning == 30 * second);  // half of the job
  CHECK(warned_within(slurm, start + 3480 * second) == 120 * second);
  CHECK(warned_within(slurm, start + 60 * second) == 90 * second);    // it has another end now
  CHECK(warned_within(slurm, start + 3601 * second) == 90 * second);  // and so it has here
}
