// The agent and a task's channel: told at once that it runs, and again to a new launcher.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "mpi-runtime/agent.hpp"
#include "tests/runtime/acts.hpp"

using namespace pcluster;

TEST_CASE("a channel's bytes go to the launcher that is there, and again to the next") {
  const AttemptId talks{{WorkloadId{7}, 0}, 1, 1}, unknown{{WorkloadId{7}, 1}, 1, 1};
  Hello me;
  me.size = {1, 1000, 0};
  Agent agent(me, 0, {});
  const auto welcome = [&](Epoch epoch) {
    agent.connected(0);
    return agent.received(Welcome{WorkerId{3}, epoch}, 0);
  };
  CHECK(acts_of<act::SendAgain>(welcome(1)).empty());
  TaskTemplate task{{"run"}};
  task.channel = true;
  agent.received(Define{WorkloadId{7}, task}, 0);
  const auto acts = agent.received(Assign{1, {{WorkloadId{7}, 0, 1, 1, TrialRange{}, {}, {}}}}, 0);
  CHECK(std::holds_alternative<act::Start>(acts.at(0)));
  REQUIRE(messages_of<Report>(acts).size() == 1);
  CHECK(messages_of<Report>(acts)[0].started == std::vector{talks});

  CHECK(messages_of<ChannelBytes>(agent.wrote({talks, "bytes", 0, false})).size() == 1);
  CHECK(agent.wrote({unknown, "bytes", 0, false}).empty());
  const auto taken = agent.received(ChannelTaken{talks, 5, 100, false}, 0);
  REQUIRE(acts_of<act::Take>(taken).size() == 1);
  CHECK(acts_of<act::Take>(taken)[0].taken.have == 5);
  CHECK(agent.received(ChannelTaken{unknown, 5, 100, false}, 0).empty());

  agent.disconnected(0);
  CHECK(agent.wrote({talks, "more", 5, false}).empty());
  const auto again = welcome(2);
  CHECK(acts_of<act::SendAgain>(again).size() == 1);
  CHECK(std::holds_alternative<act::SendAgain>(again.back()));  // it is known to run by then
}
