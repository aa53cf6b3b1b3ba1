// The agent and a task's standard input: what it is fed, and what it wants of a new launcher.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "mpi-runtime/agent.hpp"
#include "tests/runtime/acts.hpp"

using namespace pcluster;

namespace {

const AttemptId reads{{WorkloadId{7}, 0}, 1, 1}, unknown{{WorkloadId{7}, 1}, 1, 1};

Hello one_slot() {
  Hello me;
  me.token = "t";
  me.size = {1, 1000, 0};
  return me;
}

}  // namespace

TEST_CASE("input goes to a task that runs; what it wants is told again to a new launcher") {
  Agent agent(one_slot(), 0, {});
  const auto welcome = [&](Epoch epoch) {
    agent.connected(0);
    return agent.received(Welcome{WorkerId{3}, epoch}, 0);
  };
  welcome(1);
  agent.received(Define{WorkloadId{7}, {{"run"}}}, 0);
  agent.received(Assign{1, {{WorkloadId{7}, 0, 1, 1, TrialRange{}, {}, {}}}}, 0);
  REQUIRE(agent.running() == 1);
  const auto first = messages_of<InputWanted>(agent.wants_input({reads, 100, 0, false}, 0));
  REQUIRE(first.size() == 1);
  CHECK_FALSE(first[0].again);
  const auto fed = agent.received(TaskInput{reads, "bytes", false, 0}, 0);
  REQUIRE(fed.size() == 1);
  CHECK(std::get<act::Feed>(fed[0]).input.bytes == "bytes");
  CHECK(agent.received(TaskInput{unknown, "bytes", false, 0}, 0).empty());
  CHECK(agent.wants_input({unknown, 100, 0, false}, 0).empty());

  agent.disconnected(0);
  CHECK(agent.wants_input({reads, 50, 105, false}, 0).empty());
  const auto again = messages_of<InputWanted>(welcome(2));
  REQUIRE(again.size() == 1);
  CHECK(again[0].again);
  CHECK(again[0].from == 105);
  CHECK(again[0].bytes == 50);
  TaskResult result;
  result.attempt = reads;
  agent.finished(result, 0);
  CHECK(agent.wants_input({reads, 50, 155, false}, 0).empty());
}
