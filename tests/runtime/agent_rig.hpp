// An agent with a launcher that says what the test wants; checked after each event.
// SPDX-License-Identifier: MIT
#pragma once
#include <utility>
#include <vector>

#include "mpi-runtime/agent.hpp"
#include "tests/runtime/acts.hpp"

namespace pcluster::test {

inline Hello hello_of(std::uint32_t slots) {
  Hello me;
  me.token = "t";
  me.size = {2 * slots, 1000, 0};
  me.slots = slots;
  return me;
}

struct AgentRig {
  explicit AgentRig(std::uint32_t slots = 2) : agent(hello_of(slots), 0, {}) {}
  Agent agent;
  Time now = 0;
  Acts last;

  void take(Acts acts) {
    agent.check();
    last = std::move(acts);
  }
  void hear(ToWorker message) { take(agent.received(message, now)); }
  void tick(Micros wait) {
    now += wait;
    take(agent.tick(now));
  }
  void welcome(Epoch epoch = 1) {
    take(agent.connected(now));
    hear(Welcome{WorkerId{3}, epoch, 3 * second, 600 * second});
  }
  void assign(std::uint32_t first, std::uint32_t count, Epoch epoch = 1) {
    hear(Assign{epoch, {{WorkloadId{7}, first, count, 1, TrialRange{100, 1000, 2}, {}}}});
  }
  void define(TaskTemplate task = {{"run", "{trial}", "{index}"}}) {
    hear(Define{WorkloadId{7}, std::move(task)});
  }
  void finish(std::uint32_t index, TaskState state = TaskState::done, Micros wall = 0) {
    TaskResult result;
    result.attempt = id(index);
    result.end_unix = wall;
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

}  // namespace pcluster::test
