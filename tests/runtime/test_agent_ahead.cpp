// The agent and residents that have trials before they come to them.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <csignal>
#include <map>

#include "mpi-runtime/agent.hpp"
#include "tests/runtime/acts.hpp"

using namespace pcluster;

namespace {

struct Rig {
  Agent agent;
  Acts last;

  Rig() : agent(me(), 0, {}) {
    take(agent.connected(0));
    hear(Welcome{WorkerId{3}, 1, 3 * second, 600 * second});
  }
  static Hello me() {
    Hello me;
    me.size = {2, 1000, 0};
    me.slots = 2;
    return me;
  }
  void take(Acts acts) {
    agent.check();
    last = std::move(acts);
  }
  void hear(ToWorker message) { take(agent.received(message, 0)); }
  void define(Micros limit = 0, bool resident = true, std::uint32_t workload = 7) {
    TaskTemplate task{{"run"}};
    task.resident = resident;
    task.time_limit = limit;
    hear(Define{WorkloadId{workload}, task});
  }
  void assign(std::uint32_t first, std::uint32_t count, std::uint32_t workload = 7) {
    hear(Assign{1, {{WorkloadId{workload}, first, count, 1, TrialRange{0, 1000, 1}, {}}}});
  }
  std::vector<std::uint32_t> ahead(std::uint32_t in_hand, std::uint32_t most) {
    given = agent.ahead(id(in_hand), most);
    agent.check();
    std::vector<std::uint32_t> indices;
    for (const auto& one : given) indices.push_back(one.attempt.task.index);
    return indices;
  }
  void answer(const std::vector<std::uint32_t>& indices, std::optional<AttemptId> next = {}) {
    std::vector<TaskResult> results;
    for (const auto index : indices) results.emplace_back().attempt = id(index);
    take(agent.answered(std::move(results), next, 0));
  }
  std::vector<std::uint32_t> started() const {
    std::vector<std::uint32_t> indices;
    for (const auto& start : acts_of<act::Start>(last))
      indices.push_back(start.task.attempt.task.index);
    return indices;
  }
  static AttemptId id(std::uint32_t index) { return {{WorkloadId{7}, index}, 1, 1}; }

  std::vector<TaskStart> given;
};

using Indices = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a resident's share of what waits goes ahead, in turn, and takes no slot") {
  Rig rig;
  rig.define();
  rig.assign(0, 10);
  CHECK(rig.started() == Indices{0, 1});
  CHECK(rig.ahead(0, 100) == Indices{2, 3, 4, 5});  // half of 8: the other slot is as hungry
  CHECK(rig.given[0].trial == "2");
  CHECK(rig.given[0].task->resident);
  CHECK(rig.ahead(1, 1) == Indices{6});
  CHECK(rig.agent.running() == 7);
  CHECK(rig.ahead(9, 5).empty());  // it has no such trial
  CHECK(rig.ahead(2, 5).empty());  // that is not in its hands
  rig.answer({0, 2, 3}, Rig::id(4));
  CHECK(rig.started().empty());  // the slot went on to the next in the pipe
  CHECK(rig.ahead(4, 9) == Indices{7});
  rig.answer({4, 5, 7});
  CHECK(rig.started() == Indices{8});
}

TEST_CASE("nothing goes ahead of another workload, past a time limit, or to what is no resident") {
  Rig limited;
  limited.define(second);
  limited.assign(0, 9);
  CHECK(limited.ahead(0, 9).empty());
  Rig plain;
  plain.define(0, false);
  plain.assign(0, 9);
  CHECK(plain.ahead(0, 9).empty());
  Rig mixed;
  mixed.define();
  mixed.define(0, true, 8);
  mixed.assign(0, 4);
  mixed.assign(0, 20, 8);
  CHECK(mixed.ahead(0, 20) == Indices{2, 3});
  Rig cancelled;
  cancelled.define();
  cancelled.assign(0, 9);
  cancelled.hear(CancelTasks{{Rig::id(0)}});
  CHECK(cancelled.ahead(0, 9).empty());
}

TEST_CASE("trials that a resident never came to start again, first and in order") {
  Rig rig;
  rig.define();
  rig.assign(0, 10);
  CHECK(rig.ahead(0, 3) == Indices{2, 3, 4});
  rig.hear(CancelTasks{{Rig::id(3)}});
  rig.take(rig.agent.put_back(rig.given, 0));
  CHECK(rig.started().empty());
  CHECK(rig.agent.running() == 2);
  rig.answer({0});
  CHECK(rig.started() == Indices{2});
  rig.answer({1, 2});
  CHECK(rig.started() == Indices{4, 5});
  const auto reports = messages_of<Report>(rig.agent.tick(second));
  REQUIRE(reports.size() == 1);
  std::map<std::uint32_t, TaskState> states;
  for (const auto& result : reports[0].results) states[result.attempt.task.index] = result.state;
  CHECK(states[3] == TaskState::cancelled);
  CHECK(states[2] == TaskState::done);
}

TEST_CASE("what waits in a resident has not begun, is held, and is handed back with the job") {
  Rig rig;
  rig.define();
  rig.assign(0, 10);
  rig.ahead(0, 3);
  rig.take(rig.agent.connected(0));
  const auto hello = messages_of<Hello>(rig.last);
  REQUIRE(hello.size() == 1);
  CHECK(hello[0].held.size() == 10);
  rig.hear(Welcome{WorkerId{3}, 1, 3 * second, 600 * second});
  const auto reports = messages_of<Report>(rig.last);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].started == std::vector<AttemptId>{Rig::id(0), Rig::id(1)});
  rig.take(rig.agent.warned(0, 0));  // what waits here goes back at once
  rig.take(rig.agent.put_back(rig.given, 0));
  const auto back = messages_of<Returned>(rig.last);
  REQUIRE(back.size() == 1);
  CHECK(back[0].attempts.size() == 3);
  CHECK(rig.agent.running() == 2);
}
