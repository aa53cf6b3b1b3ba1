// The agent: slots, results until they are acknowledged, time limits, and the launcher's absence.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/runtime/agent_rig.hpp"

using namespace pcluster;

using Rig = test::AgentRig;

TEST_CASE("a task beside the slots starts at once, before all that waits, and takes none") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 4);
  CHECK(rig.did<act::Start>().size() == 2);
  TaskTemplate task{{"look", "{trial}"}};
  task.beside = true;
  rig.hear(Define{WorkloadId{8}, task});
  rig.hear(Assign{1, {{WorkloadId{8}, 0, 1, 1, TrialRange{5, 5, 1}, {}}}});
  const auto started = rig.did<act::Start>();
  REQUIRE(started.size() == 1);
  CHECK(started[0].task.argv == std::vector<std::string>{"look", "5"});
  CHECK(started[0].task.slots == 0);
  CHECK(started[0].task.share.cores == 2);
  TaskResult result;
  result.attempt = {{WorkloadId{8}, 0}, 1, 1};
  rig.take(rig.agent.finished(result, rig.now));
  CHECK(rig.did<act::Start>().empty());  // no slot came free
  rig.finish(0);
  CHECK(rig.did<act::Start>().size() == 1);
}

TEST_CASE("tasks start in order, as many as there are slots, with their trial and share") {
  Rig rig;
  rig.welcome();
  CHECK(rig.said<Heartbeat>().size() == 1);  // the answer to Welcome
  rig.define();
  rig.assign(4, 3);
  const auto started = rig.did<act::Start>();
  REQUIRE(started.size() == 2);
  CHECK(started[0].task.argv == std::vector<std::string>{"run", "108", "4"});
  CHECK(started[0].task.share.cores == 2);
  CHECK(started[0].task.share.memory_mb == 500);
  rig.finish(4);
  CHECK(rig.did<act::Start>().front().task.attempt == Rig::id(6));
  CHECK(rig.said<Report>().front().results.size() == 1);
  CHECK(rig.agent.running() == 2);
}

TEST_CASE("a task of several slots waits until they are free, and none passes it") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 1);
  rig.hear(Define{WorkloadId{8}, {{"wide"}, "", {}, false, false, "", 0, {4, 0, 0}, 0}});
  rig.hear(Assign{1, {{WorkloadId{8}, 0, 1, 1, {}, {"x"}}, {WorkloadId{7}, 1, 1, 1, {}, {"y"}}}});
  CHECK(rig.did<act::Start>().empty());
  rig.finish(0);
  REQUIRE(rig.did<act::Start>().size() == 1);
  CHECK(rig.did<act::Start>().front().task.slots == 2);
  CHECK(rig.did<act::Start>().front().task.trial == "x");
}

TEST_CASE("what is not acknowledged is held, and sent again on the next connection") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 4);
  rig.finish(0);
  rig.finish(1);
  rig.tick(2 * millisecond);
  rig.hear(Ack{1});
  rig.take(rig.agent.disconnected(rig.now));
  rig.finish(2);
  CHECK(rig.last.empty());
  rig.take(rig.agent.connected(rig.now));
  const auto hello = rig.said<Hello>().front();
  CHECK(hello.resumed == WorkerId{3});
  CHECK(hello.last_epoch == 1);
  CHECK(hello.held == std::vector<AttemptId>{Rig::id(3), Rig::id(1), Rig::id(2)});
  rig.hear(Welcome{WorkerId{3}, 2, 3 * second, 600 * second});
  const auto report = rig.said<Report>().front();
  CHECK(report.results.size() == 2);
  CHECK(report.sequence == 3);
  CHECK(report.started == std::vector<AttemptId>{Rig::id(3)});
  rig.hear(Ack{3});
  rig.take(rig.agent.disconnected(rig.now));
  rig.take(rig.agent.connected(rig.now));
  CHECK(rig.said<Hello>().front().held == std::vector<AttemptId>{Rig::id(3)});
}

TEST_CASE("retract gives back what has not started, and always answers") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 4);
  rig.hear(Retract{{Rig::id(0), Rig::id(3)}});
  CHECK(rig.said<Returned>().front().attempts == std::vector<AttemptId>{Rig::id(3)});
  rig.finish(0);
  rig.finish(1);
  CHECK(rig.agent.running() == 1);  // the one that was given back does not start
  rig.hear(Retract{{Rig::id(2)}});
  CHECK(rig.said<Returned>().front().attempts.empty());
}

TEST_CASE("cancel: waiting ones are reported, running ones get TERM, then KILL") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 3);
  rig.hear(CancelTasks{{Rig::id(0), Rig::id(2)}});
  CHECK(rig.did<act::Signal>().front().signal == 15);
  REQUIRE(rig.said<Report>().size() == 1);
  CHECK(rig.said<Report>().front().results.front().state == TaskState::cancelled);
  CHECK(rig.agent.deadline() <= 5 * second);
  rig.tick(3 * second);
  rig.tick(2 * second);
  REQUIRE(rig.did<act::Signal>().size() == 1);
  CHECK(rig.did<act::Signal>().front().signal == 9);
  rig.finish(0, TaskState::failed);
  CHECK(rig.said<Report>().front().results.front().state == TaskState::cancelled);
}

TEST_CASE("a time limit ends a task, and says so") {
  Rig rig;
  rig.welcome();
  TaskTemplate task;
  task.argv = {"slow"};
  task.time_limit = 300 * second;
  rig.define(task);
  rig.assign(0, 1);
  rig.now = 299 * second;
  rig.hear(Ack{0});
  rig.tick(second);
  CHECK(rig.did<act::Signal>().front().signal == 15);
  rig.finish(0, TaskState::failed);
  const auto result = rig.said<Report>().front().results.front();
  CHECK(result.state == TaskState::failed);
  CHECK(result.message.find("time limit of 5m") == 0);
}

TEST_CASE("a dead connection is noticed; a worker without launcher and task leaves") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 1);
  rig.tick(14 * second);
  CHECK(rig.did<act::Hang>().empty());
  CHECK(rig.said<Heartbeat>().size() == 1);
  rig.tick(second);
  CHECK(rig.did<act::Hang>().size() == 1);
  rig.take(rig.agent.disconnected(rig.now));
  rig.tick(3600 * second);
  CHECK(rig.did<act::Leave>().empty());  // it has a task
  rig.finish(0);
  rig.tick(599 * second);
  CHECK(rig.did<act::Leave>().empty());
  rig.tick(second);
  CHECK(rig.did<act::Leave>().size() == 1);
}

TEST_CASE("an old launcher has no say") {
  Rig rig;
  rig.welcome(5);
  rig.define();
  rig.assign(0, 1, 4);
  CHECK(rig.agent.running() == 0);
  rig.take(rig.agent.disconnected(rig.now));
  rig.take(rig.agent.connected(rig.now));
  rig.hear(StopWorker{"by an old one"});
  CHECK(rig.did<act::Leave>().empty());
  rig.hear(Welcome{WorkerId{3}, 4, 3 * second, 600 * second});
  CHECK(rig.did<act::Hang>().size() == 1);
  rig.hear(StopWorker{"by an old one"});
  CHECK(rig.did<act::Leave>().empty());
  rig.take(rig.agent.disconnected(rig.now));
  rig.welcome(6);
  rig.hear(StopWorker{"the end"});
  CHECK(rig.said<Bye>().size() == 1);
  CHECK(rig.did<act::Leave>().front().reason == "the end");
}

TEST_CASE("a new Define replaces an old one; a running task keeps its own") {
  Rig rig;
  rig.welcome();
  rig.define();
  rig.assign(0, 1);
  const auto* before = rig.did<act::Start>().front().task.task;
  rig.define({{"other"}});
  rig.hear(Forget{WorkloadId{7}});
  CHECK(before->argv.front() == "run");
  rig.define({{"other"}});
  rig.assign(1, 1);
  CHECK(rig.did<act::Start>().front().task.argv.front() == "other");
  rig.hear(Forget{WorkloadId{7}});
  rig.finish(0);
  rig.assign(2, 1);
  CHECK(rig.said<Report>().front().results.front().message ==
        "the worker was not told what to run");
}
