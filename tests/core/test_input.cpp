// Standard input of tasks, as it passes through the core: to who holds them, and with its client.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

struct Fed : Bench {  // a task that reads client 7's standard input
  std::string token = jobs({"1"});
  LinkId link = join(hello(token, "1", 2));
  WorkloadId id = add(reading());
  AttemptId attempt = given(link).front();

  static WorkloadSpec reading() {
    auto spec = Bench::trials(1);
    spec.task.input = true;
    spec.loss_retries = 0;
    return spec;
  }
  void gone(std::uint64_t client) { handle(event::ClientGone{ClientId{client}}); }
};

}  // namespace

TEST_CASE("input goes to the worker that holds its task, and its wants to those who follow it") {
  Fed fed;
  fed.say(fed.link, InputWanted{fed.attempt, 100, 0, false});
  CHECK(fed.reply<InputWanted>().bytes == 100);
  fed.ask(TaskInput{fed.attempt, "bytes", true, 0}, 7);
  REQUIRE(fed.to<TaskInput>(fed.link).size() == 1);
  CHECK(fed.to<TaskInput>(fed.link)[0].bytes == "bytes");
  CHECK(fed.last.append.empty());
  auto other = fed.attempt;
  ++other.number;
  fed.ask(TaskInput{other, "bytes", true, 0}, 7);
  CHECK(fed.to<TaskInput>(fed.link).empty());
}

TEST_CASE("a task that reads a client's input ends with that client, and with no other") {
  Fed fed;
  fed.ask(Follow{fed.id}, 8);
  fed.gone(8);
  CHECK(fed.to<CancelTasks>(fed.link).empty());
  fed.gone(7);
  REQUIRE(fed.to<CancelTasks>(fed.link).size() == 1);
  CHECK(fed.to<CancelTasks>(fed.link)[0].attempts.front() == fed.attempt);
  fed.say(fed.link, report({result(fed.attempt, TaskState::cancelled)}));
  CHECK(fed.progress(fed.id).cancelled == 1);
}

TEST_CASE("after a restart the client is known by what it sends") {
  Fed fed;
  fed.restart();
  auto back = fed.hello(fed.token, "1", 2);
  back.resumed = WorkerId{0};
  back.last_epoch = 1;
  back.held = {fed.attempt};
  const auto link = fed.join(back);
  fed.ask(Follow{fed.id}, 9);
  fed.ask(TaskInput{fed.attempt, "", false, 0}, 9);
  CHECK(fed.to<TaskInput>(link).size() == 1);
  fed.gone(9);
  CHECK(fed.to<CancelTasks>(link).size() == 1);
}

TEST_CASE("a client that leaves a task without input does not end it") {
  Bench bench;
  const auto link = bench.join(bench.hello(bench.jobs({"1"}), "1", 2));
  bench.add(Bench::trials(1));
  bench.handle(event::ClientGone{ClientId{7}});
  CHECK(bench.to<CancelTasks>(link).empty());
}
