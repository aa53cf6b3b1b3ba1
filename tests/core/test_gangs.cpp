// Gangs: which workers one is made of, who is told what, and what frees them.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "tests/core/gang_bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

TEST_CASE("a task that fits one worker runs there; a larger one on several, most free first") {
  GangBench bench({1, 1, 1});
  bench.add(GangBench::wide(2));
  REQUIRE(bench.given(bench.workers[0]).size() == 1);
  CHECK(bench.gang(bench.workers[0]).empty());
  bench.add(GangBench::wide(6));
  CHECK(bench.gang(bench.workers[1]) == "w1:4 w2:2");
  const auto lends = bench.to<Lend>(bench.workers[2]);
  REQUIRE(lends.size() == 1);
  REQUIRE(lends[0].item.gang.size() == 2);
  const auto& part = lends[0].item.gang[1];
  CHECK(part.slots == 2);
  CHECK(part.host == "n2");
  CHECK(part.port == 7002);
  CHECK(bench.to<Define>(bench.workers[2]).size() == 1);
  CHECK(bench.records<TasksAssigned>().front().gang.size() == 2);
  CHECK(bench.state(2) == "busy");
}

TEST_CASE("one job is filled before a gang has workers of several") {
  GangBench bench({1, 3, 2}, 4);
  bench.add(GangBench::wide(8));
  CHECK(bench.gang(bench.workers[1]) == "w1:4 w2:4");
  bench.add(GangBench::wide(8));
  CHECK(bench.gang(bench.workers[4]) == "w4:4 w5:4");  // of one job again
  bench.add(GangBench::wide(8));
  CHECK(bench.gang(bench.workers[0]) == "w0:4 w3:4");
}

TEST_CASE("--span job and a site that wants no gang over several jobs") {
  GangBench bench({2, 1});
  auto spec = GangBench::wide(12);
  spec.task.span = Span::job;
  bench.ask(AddWorkload{spec, true});
  CHECK(bench.reply<Refusal>().message ==
        "a task of this can never run: it needs 12 cores for its 12 ranks; all 2 workers of job 1 "
        "together have 8, and --span job keeps it in one job");
  bench.add(GangBench::wide(12));
  CHECK(bench.gang(bench.workers[0]) == "w0:4 w1:4 w2:4");
  GangBench alone({2, 1}, 4, false);
  alone.ask(AddWorkload{GangBench::wide(12), true});
  CHECK(alone.reply<Refusal>().message.ends_with("and the site keeps it in one job"));
}

TEST_CASE("what can never run is refused, and the hint has numbers that would do") {
  GangBench bench({1, 1, 1});
  bench.ask(AddWorkload{GangBench::wide(16), true});
  const auto refusal = bench.reply<Refusal>();
  CHECK(refusal.message ==
        "a task of this can never run: it needs 16 cores for its 16 ranks; all 3 workers of pool "
        "default together have 12");
  CHECK(refusal.hint == "`pcluster scale 4` makes room for it; -np 12 has room now");
  auto spec = GangBench::wide(8);
  spec.task.span = Span::worker;
  bench.ask(AddWorkload{spec, true});
  CHECK(bench.reply<Refusal>().message ==
        "a task of this can never run: it needs 8 cores for its 8 ranks; the largest worker has 4, "
        "and --span worker keeps it on one");
  spec = GangBench::wide(8);
  spec.task.each.memory_mb = 400;
  bench.ask(AddWorkload{spec, true});
  CHECK(bench.reply<Refusal>().message ==
        "a task of this can never run: it has 8 ranks of 1 core, 400 MB each, and 6 fit into all "
        "3 workers of pool default together");
}

TEST_CASE("all parts are free again when the task has ended, however it did") {
  GangBench bench({1, 1, 1});
  auto spec = GangBench::wide(12, 9);
  spec.retries = 1;
  const auto id = bench.add(spec);
  const auto head = bench.workers[0], part = bench.workers[2];
  const auto first = bench.given(head).at(0);
  bench.say(head, report({result(first, TaskState::failed)}));
  CHECK(bench.released(part) == std::vector{first});
  CHECK(bench.lent(part).size() == 1);  // the next one, after the Release
  const auto index = [&](auto is) {
    const auto& now = bench.last.now;
    return std::find_if(now.begin(), now.end(),
                        [&](const auto& one) {
                          const auto* send = std::get_if<effect::SendWorker>(&one);
                          return send != nullptr && send->link == part && is(send->message);
                        }) -
           now.begin();
  };
  CHECK(index([](const ToWorker& m) { return std::holds_alternative<Release>(m); }) <
        index([](const ToWorker& m) { return std::holds_alternative<Lend>(m); }));
  const auto second = bench.given(head).at(0);
  bench.say(head, report({result(second)}, 2));
  CHECK(bench.released(part) == std::vector{second});
  const auto third = bench.given(head).at(0);
  bench.say(head, Returned{{third}});
  CHECK(bench.released(part) == std::vector{third});
  const auto fourth = bench.given(head).at(0);
  bench.ask(CancelWorkload{{id, {}}});
  CHECK(bench.to<CancelTasks>(head).size() == 1);
  CHECK(bench.released(part).empty());  // not before its head says so
  bench.say(head, report({result(fourth, TaskState::cancelled)}, 3));
  CHECK(bench.released(part) == std::vector{fourth});
  CHECK(bench.state(2) == "idle");
}

TEST_CASE("a part's worker is lost: the gang runs again elsewhere, as a loss") {
  GangBench bench({1, 1, 1});
  auto spec = GangBench::wide(8);
  spec.loss_retries = 1;
  const auto id = bench.add(spec);
  const auto head = bench.workers[0];
  const auto first = bench.given(head).at(0);
  bench.say(head, Report{0, {}, {first}});
  bench.handle(event::WorkerCut{bench.workers[1], "cable"});
  const auto beat = [&](LinkId link) { bench.say(link, Heartbeat{}); };
  bench.tick(14 * second), beat(head), beat(bench.workers[2]);
  bench.tick(2 * second);
  REQUIRE(bench.to<CancelTasks>(head).size() == 1);
  CHECK(bench.to<CancelTasks>(head)[0].attempts == std::vector{first});
  CHECK(bench.gang(head) == "w0:4 w2:4");  // in turn after what is being ended there
  const auto again = bench.given(head).at(0);
  CHECK(again.number == 2);
  bench.say(head, report({result(first, TaskState::cancelled)}));
  CHECK(bench.progress(id).running == 1);  // it counts no more
  bench.say(head, Report{1, {}, {again}});
  bench.say(bench.workers[2], Bye{"its job ends"});  // nobody's fault
  CHECK(bench.records<TasksReturned>().size() == 1);
  bench.join(bench.member("2", 4));
  CHECK(bench.gang(head) == "w0:4 w3:4");
  const auto third = bench.given(head).at(0);
  bench.say(head, Report{1, {}, {third}});
  bench.tick(14 * second), beat(head);
  bench.tick(2 * second);
  REQUIRE(bench.records<TaskLost>().size() == 1);
  CHECK(bench.records<TaskLost>()[0].worker == WorkerId{0});
  CHECK(bench.records<TaskLost>()[0].reason.starts_with("worker w3 was lost: no word for"));
  CHECK(bench.progress(id).failed == 1);
}

TEST_CASE("the head is lost: its parts are free") {
  GangBench bench({1, 1});
  bench.add(GangBench::wide(8));
  const auto attempt = bench.given(bench.workers[0]).at(0);
  bench.say(bench.workers[0], Bye{"bye"});
  CHECK(bench.released(bench.workers[1]) == std::vector{attempt});
  CHECK(bench.state(1) == "idle");
}

TEST_CASE("the head could not reach a part: a loss, and no gang for that worker until it speaks") {
  GangBench bench({1, 1, 1});
  auto spec = GangBench::wide(8);
  spec.loss_retries = 1;
  const auto id = bench.add(spec);
  const auto head = bench.workers[0];
  auto lost = result(bench.given(head).at(0), TaskState::lost);
  lost.unreachable = {WorkerId{1}};
  bench.say(head, report({lost}));
  CHECK(bench.records<TaskFailedOnce>().size() == 1);
  CHECK(bench.gang(head) == "w0:4 w2:4");
  bench.add(Bench::trials(1));
  CHECK(bench.given(bench.workers[1]).size() == 1);  // other work may go there
  bench.add(GangBench::wide(6));
  CHECK(bench.lent(bench.workers[1]).empty());
  lost = result(bench.core.running(id).attempts.at(0), TaskState::lost);
  lost.unreachable = {WorkerId{2}};
  bench.say(head, report({lost}, 2));
  REQUIRE(bench.records<TaskSettled>().size() == 1);
  CHECK(bench.progress(id).failed == 1);
  CHECK(bench.gang(head).empty());  // both others are doubted
  CHECK(bench.progress(WorkloadId{3}).note ==
        "waiting for w1, w2: the head of a gang could not "
        "reach them, and they have not spoken since");
  bench.say(bench.workers[2], Heartbeat{});
  CHECK(bench.gang(head) == "w0:4 w2:2");
}

TEST_CASE("a part's worker that comes back is told what it missed, and what is over") {
  GangBench bench({1, 1});
  bench.add(GangBench::wide(8));
  const auto attempt = bench.given(bench.workers[0]).at(0);
  bench.handle(event::WorkerCut{bench.workers[1], "cable"});
  auto back = bench.again(1);
  back.lent = {{{WorkloadId{9}, 1}, 1, 1}};
  const LinkId link{++bench.links};
  bench.say(link, back);
  CHECK(bench.released(link) == back.lent);
  CHECK(bench.lent(link) == std::vector{attempt});
  CHECK(bench.to<Define>(link).size() == 1);
  bench.say(link, Heartbeat{});
  CHECK(bench.to<Lend>(link).empty());
  bench.handle(event::WorkerCut{link, "cable"});
  back.lent = {attempt};
  const auto third = bench.join(back);
  CHECK(bench.lent(third).empty());
  bench.restart();
  for (std::size_t i = 0; i < 2; ++i) {
    auto me = bench.again(i);
    if (i == 0) me.held = {attempt};
    bench.workers[i] = bench.join(me);
  }
  CHECK(bench.progress(WorkloadId{1}).running == 1);
  CHECK(bench.state(1) == "busy");
  bench.say(bench.workers[0], report({result(attempt)}));
  CHECK(bench.released(bench.workers[1]) == std::vector{attempt});
}

TEST_CASE("an attempt goes on at one worker, never at the head alone of a gang nobody knows") {
  GangBench bench({1, 1});
  bench.add(GangBench::wide(8));
  const auto attempt = bench.given(bench.workers[0]).at(0);
  bench.restart(bench.journal.size() - 1);
  auto me = bench.again(0);
  me.held = me.split = {attempt};
  const LinkId link{++bench.links};
  bench.say(link, me);
  REQUIRE(bench.to<CancelTasks>(link).size() == 1);
  CHECK(bench.progress(WorkloadId{1}).queued == 1);

  GangBench small({1});
  const auto id = small.add(GangBench::wide(4));
  me = small.again(0);
  me.held = {small.given(small.workers[0]).at(0)};
  small.tick(16 * second);  // thought to be dead
  CHECK(small.progress(id).queued == 1);
  small.join(me);
  CHECK(small.progress(id).running == 1);

  GangBench brief({1});
  brief.add(GangBench::wide(4));
  me = brief.again(0);
  me.held = {brief.given(brief.workers[0]).at(0)};
  brief.restart(brief.journal.size() - 1);  // it died before that was durable
  CHECK(brief.progress(id).queued == 1);
  brief.join(me);
  CHECK(brief.progress(id).running == 1);
}

TEST_CASE("who does not listen, and whose job ends too early, is in no gang") {
  GangBench bench({1, 1});
  auto deaf = bench.member("1", 4);
  deaf.port = 0;
  bench.join(deaf);
  bench.ask(AddWorkload{GangBench::wide(12), true});
  CHECK(bench.reply<Refusal>().message.ends_with("all 2 workers of pool default together have 8"));
  bench.tick(2 * second);
  bench.handle(event::Polled{
      {{"1", JobState::running, "R", "", "", unix_zero + 600 * second, false, {}}}, true});
  auto spec = GangBench::wide(8);
  spec.time_request = 700 * second;
  const auto id = bench.add(spec);
  CHECK(bench.progress(id).running == 0);
  CHECK(bench.progress(id).note == "needs 11m40s, and no worker's job lasts that long still");
  spec.time_request = 500 * second;
  bench.add(spec);
  CHECK(bench.gang(bench.workers[0]) == "w0:4 w1:4");
}

TEST_CASE("a gang of two pools is none") {
  GangBench bench({1});
  const auto token = bench.jobs({"9"}, "other");
  auto me = bench.hello(token, "9", 4);
  me.port = 1;
  bench.join(me);
  bench.ask(AddWorkload{GangBench::wide(8), true});
  const auto refusal = bench.reply<Refusal>();
  CHECK(refusal.message.ends_with("the only worker of pool default has 4"));
  CHECK(refusal.hint == "`pcluster scale 2 --pool default` makes room for it; -np 4 has room now");
}

TEST_CASE("a gang that is lost while it is being cancelled is cancelled") {
  GangBench bench({1, 1});
  const auto id = bench.add(GangBench::wide(8));
  auto lost = result(bench.given(bench.workers[0]).at(0), TaskState::lost);
  lost.unreachable = {WorkerId{1}};
  bench.ask(CancelWorkload{{id, {}}});
  bench.say(bench.workers[0], report({lost}));
  CHECK(bench.progress(id).cancelled == 1);
  CHECK(bench.released(bench.workers[1]).size() == 1);
}
