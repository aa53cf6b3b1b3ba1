// Who comes home, comes back, falls silent, and what becomes of their tasks.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

// One worker of two slots, and a workload of which it has the first two tasks.
struct Pair : Bench {
  std::string token = jobs({"1", "2"});
  Hello me = hello(token, "1", 2);
  LinkId link = join(me);
  WorkloadId id{};
  std::vector<AttemptId> out;

  explicit Pair(WorkloadSpec spec = trials(4)) {
    id = add(std::move(spec));
    out = given(link);
    REQUIRE(out.size() == 2);
  }
  Hello back(std::vector<AttemptId> held) const {
    auto again = me;
    again.resumed = WorkerId{0};
    again.last_epoch = 1;
    again.held = std::move(held);
    return again;
  }
};

}  // namespace

TEST_CASE("a worker is told its number when that is durable, and given tasks when it answers") {
  Bench bench;
  bench.add(Bench::trials(4));
  const auto token = bench.jobs({"1"});
  const LinkId link{1};
  bench.say(link, bench.hello(token, "1", 2));
  CHECK(bench.records<WorkerJoined>().size() == 1);
  CHECK(bench.last.now.empty());
  CHECK(bench.to<Welcome>(link).front().worker == WorkerId{0});
  CHECK(bench.given(link).empty());
  bench.say(link, Heartbeat{});
  CHECK(bench.given(link).size() == 2);
}

TEST_CASE("strangers are sent away with the reason") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  auto stranger = bench.hello("nonsense", "1", 1);
  bench.say(LinkId{1}, stranger);
  CHECK(bench.to<StopWorker>(LinkId{1}).size() == 1);
  CHECK(Bench::of<effect::DropWorker>(bench.last.now).size() == 1);
  auto old = bench.hello(token, "1", 1);
  old.version = 99;
  bench.say(LinkId{2}, old);
  CHECK(bench.to<StopWorker>(LinkId{2}).front().reason.find("version 99") != std::string::npos);
  auto others = bench.hello(token, "1", 1);
  others.last_epoch = 5;  // a newer launcher's worker: it must not be ended
  bench.say(LinkId{3}, others);
  CHECK(bench.to<StopWorker>(LinkId{3}).empty());
  CHECK(Bench::of<effect::DropWorker>(bench.last.now).size() == 1);
  CHECK(bench.core.status(0).workers.empty());
}

TEST_CASE("a short cut costs nothing") {
  Pair pair;
  pair.handle(event::WorkerCut{pair.link, "cable"});
  CHECK(pair.state(0) == "away");
  pair.tick(8 * second);
  const LinkId again{9};
  pair.say(again, pair.back(pair.out));
  CHECK(pair.last.append.empty());
  CHECK(pair.to<Welcome>(again).front().worker == WorkerId{0});
  CHECK(pair.to<CancelTasks>(again).empty());
  pair.say(again, report({result(pair.out[0])}));
  CHECK(pair.records<TaskSettled>().size() == 1);
  CHECK(pair.given(again).size() == 1);
  CHECK(pair.to<Define>(again).size() == 1);  // the first one may have been lost
}

TEST_CASE("what did not arrive before a cut goes out again") {
  Pair pair;
  pair.handle(event::WorkerCut{pair.link, "cable"});
  const LinkId again{9};
  pair.say(again, pair.back({pair.out[0]}));
  CHECK(pair.records<TasksReturned>().front().attempts.front() == pair.out[1]);
  pair.say(again, Heartbeat{});
  REQUIRE(pair.given(again).size() == 1);
  CHECK(pair.given(again).front().number == 2);
}

TEST_CASE("who has not answered its welcome yet is not told as home: `exec` would refuse it") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  bench.say(LinkId{3}, bench.hello(token, "1", 2));
  CHECK(bench.state(0) == "away");
  bench.say(LinkId{3}, Heartbeat{});
  CHECK(bench.state(0) == "idle");
}

TEST_CASE("a newer connection of the same worker replaces the older") {
  Pair pair;
  pair.say(LinkId{9}, pair.back(pair.out));
  CHECK(Bench::of<effect::DropWorker>(pair.last.now).front().link == pair.link);
  pair.say(pair.link, report({result(pair.out[0])}));
  CHECK(pair.last.append.empty());
  pair.handle(event::WorkerCut{pair.link, "late"});
  CHECK(pair.state(0) == "busy");
}

TEST_CASE("silence: its tasks go to others, and late results do not count") {
  Pair pair;
  const auto other = pair.join(pair.hello(pair.token, "2", 2));
  CHECK(pair.given(other).size() == 2);
  const auto others = pair.given(other);
  pair.tick(14 * second);
  pair.say(other, Heartbeat{});
  CHECK(pair.to<Ack>(other).size() == 1);
  pair.tick(second);
  CHECK(pair.records<WorkerGone>().size() == 1);
  CHECK(Bench::of<effect::DropWorker>(pair.last.now).size() == 1);
  CHECK(pair.given(other).empty());  // busy
  pair.say(other, report({result(others[0]), result(others[1])}));
  const auto rerun = pair.given(other);
  REQUIRE(rerun.size() == 2);
  CHECK(rerun[0].number == 2);

  const LinkId again{9};  // it was alive all the time
  pair.say(again, pair.back(pair.out));
  CHECK(pair.to<CancelTasks>(again).front().attempts == pair.out);
  CHECK(pair.to<Welcome>(again).front().worker == WorkerId{0});
  pair.say(again, report({result(pair.out[0])}));
  CHECK(pair.records<TaskSettled>().empty());
  CHECK(pair.to<Ack>(again).size() == 1);  // it may forget it all the same
  pair.say(other, report({result(rerun[0]), result(rerun[1])}));
  CHECK(pair.progress(pair.id).done == 4);
  CHECK(pair.progress(pair.id).finished);
}

TEST_CASE("given up, but back before anyone else had them: its tasks go on") {
  Pair pair;
  pair.handle(event::WorkerCut{pair.link, "cable"});
  pair.tick(20 * second);
  CHECK(pair.records<WorkerGone>().size() == 1);
  const LinkId again{9};
  pair.say(again, pair.back(pair.out));
  CHECK(pair.to<CancelTasks>(again).empty());
  CHECK(pair.records<TasksAssigned>().size() == 2);
  pair.say(again, report({result(pair.out[0])}));
  CHECK(pair.records<TaskSettled>().size() == 1);
}

TEST_CASE("after a restart tasks wait for their worker, then go to others") {
  Pair pair;
  pair.restart();
  const auto other = pair.join(pair.hello(pair.token, "2", 4));
  CHECK(pair.given(other).empty());  // were they out all the same?
  SUBCASE("it comes back at once") {
    const LinkId again{9};
    pair.say(again, pair.back(pair.out));
    CHECK(pair.given(other).size() == 2);  // the two that were never out
    return;
  }
  pair.tick(Policy{}.gather);
  CHECK(pair.given(other).size() == 2);
  SUBCASE("it comes back") {
    pair.tick(5 * second);
    pair.say(other, Heartbeat{});
    const LinkId again{9};
    pair.say(again, pair.back(pair.out));
    CHECK(pair.to<CancelTasks>(again).empty());
    CHECK(pair.to<Welcome>(again).front().epoch == 2);
    pair.say(again, report({result(pair.out[1])}));
    CHECK(pair.records<TaskSettled>().front().result.attempt.epoch == 1);
  }
  SUBCASE("it does not") {
    for (int i = 0; i < 8; ++i) {
      pair.tick(3 * second);
      pair.say(other, Heartbeat{});
      CHECK(pair.progress(pair.id).queued == 0);
    }
    pair.tick(second);
    REQUIRE(pair.given(other).size() == 2);
    CHECK(pair.given(other).front().number == 2);
    CHECK(pair.given(other).front().epoch == 2);
  }
}

TEST_CASE("an assignment that was not durable goes on, one of a forgotten workload does not") {
  Pair pair;
  auto durable = pair.journal.size();
  while (!std::holds_alternative<WorkloadAdded>(pair.journal[durable - 1])) --durable;
  SUBCASE("the workload is known still") {
    pair.restart(durable);
    const LinkId again{9};
    pair.say(again, pair.back(pair.out));
    CHECK(pair.records<TasksAssigned>().size() == 2);
    CHECK(pair.to<CancelTasks>(again).empty());
  }
  SUBCASE("another has its number now") {
    pair.restart(durable - 1);
    CHECK(pair.add(Bench::trials(4)) == pair.id);
    const LinkId again{9};
    pair.say(again, pair.back(pair.out));
    CHECK(pair.to<CancelTasks>(again).front().attempts == pair.out);
    pair.say(again, report({result(pair.out[0])}));
    CHECK(pair.records<TaskSettled>().empty());
  }
}

TEST_CASE("a loss counts for what ran, uses up no retry, and three are allowed") {
  auto spec = Bench::trials(1);
  spec.retries = 0;
  Bench bench;
  const auto id = bench.add(spec);
  for (int loss = 0; loss < 4; ++loss) {
    const auto job = std::to_string(loss);
    const auto token = bench.jobs({job}, "pool" + job);
    const auto link = bench.join(bench.hello(token, job, 1));
    CHECK(bench.given(link).size() == 1);
    bench.handle(event::WorkerCut{link, "died"});
    bench.tick(15 * second);
    CHECK(bench.progress(id).failed == (loss == 3 ? 1 : 0));
    CHECK(bench.records<TaskLost>().size() == (loss == 3 ? 1 : 0));
  }
  CHECK(bench.progress(id).finished);
}

TEST_CASE("a launcher that was asleep itself blames no worker for it") {
  Pair pair;
  pair.now += 60 * second;  // its deadline was long before
  pair.handle(event::Tick{});
  CHECK(pair.records<WorkerGone>().empty());
  pair.say(pair.link, Heartbeat{});
  pair.tick(14 * second);
  CHECK(pair.records<WorkerGone>().empty());
  pair.tick(second);
  CHECK(pair.records<WorkerGone>().size() == 1);
}

TEST_CASE("a task that was cancelled while its worker was away is cancelled when it is back") {
  Pair pair;
  pair.handle(event::WorkerCut{pair.link, "cable"});
  pair.ask(CancelWorkload{{pair.id, {}}});
  pair.say(LinkId{9}, pair.back(pair.out));
  REQUIRE(pair.to<CancelTasks>(LinkId{9}).size() == 1);
  CHECK(pair.to<CancelTasks>(LinkId{9}).front().attempts == pair.out);
}

TEST_CASE("a worker that leaves by itself blames nobody") {
  Pair pair;
  pair.say(pair.link, Bye{"the job's time is over"});
  CHECK(pair.records<TasksReturned>().front().attempts.size() == 2);
  CHECK(pair.records<WorkerGone>().size() == 1);
  CHECK(pair.progress(pair.id).queued == 4);
}
