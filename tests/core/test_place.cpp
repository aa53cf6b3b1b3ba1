// Which worker gets what, seen from outside: the messages that go to them.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>

#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

// Makes the workload known as a short one: three results of 10 ms each.
void show_short(Bench& bench, LinkId link, std::vector<AttemptId> attempts) {
  std::vector<TaskResult> results;
  for (const auto& attempt : attempts)
    results.push_back(result(attempt, TaskState::done, 10 * millisecond));
  bench.say(link, report(results));
}

std::vector<AttemptId> held_by(const Bench& bench, std::uint32_t worker) {
  const auto out = bench.core.running(WorkloadId{1});
  std::vector<AttemptId> held;
  for (std::size_t i = 0; i < out.attempts.size(); ++i)
    if (out.workers[i] == WorkerId{worker}) held.push_back(out.attempts[i]);
  return held;
}

}  // namespace

TEST_CASE("work spreads over the workers, as contiguous runs") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  const auto a = bench.join(bench.hello(token, "1", 4)), b = bench.join(bench.hello(token, "2", 4));
  bench.add(Bench::trials(6));
  CHECK(bench.given(a).size() == 3);
  CHECK(bench.given(b).size() == 3);
  CHECK(bench.to<Assign>(a).front().items.size() == 1);
  CHECK(bench.to<Define>(a).size() == 1);
}

TEST_CASE("long tasks do not wait at a worker; short ones do, and none hoards the tail") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  const auto link = bench.join(bench.hello(token, "1", 4));
  bench.add(Bench::trials(5000));
  auto out = bench.given(link);
  CHECK(out.size() == 4);
  bench.say(link, report({result(out[0])}));
  CHECK(bench.given(link).size() == 1);  // one out, one in
  out[0] = bench.given(link).front();
  show_short(bench, link, {out[1], out[2], out[3]});
  const auto more = bench.given(link).size();
  CHECK(more == 3 + 4 * 80);    // 800 ms of 10 ms each
  bench.add(Bench::trials(1));  // nothing of the other is taken away for it
  Bench tail;
  const auto tail_token = tail.jobs({"1"});
  const auto only = tail.join(tail.hello(tail_token, "1", 2));
  tail.add(Bench::trials(13));
  auto first = tail.given(only);
  tail.say(only, report({result(first[0], TaskState::done, 1000)}));
  tail.say(only, report({result(first[1], TaskState::done, 1000)}));
  tail.say(only, report({result(tail.given(only).front(), TaskState::done, 1000)}));
  CHECK(tail.given(only).size() <= 1 + 2 * 2);  // 9 wait: 2 to a slot at most
}

TEST_CASE("more wait at a worker the shorter they are; and of even ones an even share") {
  for (const auto& [wall, each] : std::map<Micros, std::size_t>{{100, Policy{}.prefetch_most},
                                                                {50 * millisecond, 16},
                                                                {second, 4},
                                                                {1400 * millisecond, 4},
                                                                {2 * second, 0}}) {
    Bench bench;
    const auto link = bench.join(bench.hello(bench.jobs({"1"}), "1", 8));
    bench.add(Bench::trials(9000));
    std::vector<TaskResult> results;
    for (const auto& attempt : bench.given(link))
      results.push_back(result(attempt, TaskState::done, wall));
    bench.say(link, report(results));
    CHECK(bench.given(link).size() == 8 + 8 * each);
  }
  for (const bool even : {true, false}) {
    Bench bench;
    const auto token = bench.jobs({"1", "2"});
    const auto a = bench.join(bench.hello(token, "1", 8));
    bench.join(bench.hello(token, "2", 8));
    bench.add(Bench::trials(16 + 8 + 32));
    std::vector<TaskResult> results;
    for (const auto& attempt : bench.given(a))
      results.push_back(
          result(attempt, TaskState::done, even || !results.empty() ? 100 * millisecond : second));
    bench.say(a, report(results));
    CHECK(bench.given(a).size() == 8 + (even ? 16 : 8));
  }
}

TEST_CASE("what waits at workers gives way to more priority, as much as is needed") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  const auto a = bench.join(bench.hello(token, "1", 2)), b = bench.join(bench.hello(token, "2", 2));
  bench.add(Bench::trials(400));
  const auto finish = [&](LinkId link, const std::vector<AttemptId>& out) {
    std::vector<TaskResult> results;
    for (const auto& attempt : out) results.push_back(result(attempt, TaskState::done, second));
    bench.say(link, report(results));
    return bench.given(link);
  };
  const auto first = bench.given(a);
  finish(b, bench.given(b));
  CHECK(finish(a, finish(a, first)).size() > 2);
  CHECK(finish(b, held_by(bench, 1)).size() > 2);
  auto high = Bench::trials(2);
  high.priority = 1;
  const auto id = bench.add(high);
  REQUIRE(bench.to<Retract>(a).size() + bench.to<Retract>(b).size() == 1);  // two slots do
  const auto link = bench.to<Retract>(a).empty() ? b : a;
  const auto back = bench.to<Retract>(link).front().attempts;
  CHECK(back.size() == 8);
  bench.say(link, Returned{back});
  CHECK(bench.given(link).empty());  // its next free slot is the other's
  finish(link, {held_by(bench, link == a ? 0 : 1).front()});
  REQUIRE(bench.given(link).size() == 1);
  CHECK(bench.given(link).front().task.workload == id);
}

TEST_CASE("a higher priority goes first, then age") {
  Bench bench;
  auto low = Bench::trials(3), high = Bench::trials(3);
  high.priority = 1;
  const auto first = bench.add(low), second_ = bench.add(high);
  const auto token = bench.jobs({"1"});
  const auto link = bench.join(bench.hello(token, "1", 4));
  const auto out = bench.given(link);
  REQUIRE(out.size() == 4);
  CHECK(std::count_if(out.begin(), out.end(),
                      [&](const auto& a) { return a.task.workload == second_; }) == 3);
  CHECK(bench.progress(first).running == 1);
}

TEST_CASE("a task that asks for more takes several slots; what fits nowhere says why") {
  Bench bench;
  auto spec = Bench::trials(5);
  spec.task.each.cores = 2;
  const auto id = bench.add(spec);
  CHECK(bench.progress(id).note == "waiting for workers");
  const auto token = bench.jobs({"1", "a larger one may follow"});
  const auto link = bench.join(bench.hello(token, "1", 4));
  CHECK(bench.given(link).size() == 2);
  auto huge = Bench::trials(1);
  huge.task.each.cores = 8;
  CHECK(bench.progress(bench.add(huge)).note == "needs 8 cores, the largest worker has 4");
  auto fat = Bench::trials(1);
  fat.task.each.memory_mb = 16 * 1024;
  CHECK(bench.progress(bench.add(fat)).note == "needs 16 GB, the largest worker has 1000 MB");
  CHECK(bench.progress(bench.add(Bench::trials(1))).note == "all slots are busy with other work");
}

TEST_CASE("a task of several slots gets its turn among small ones") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  const auto link = bench.join(bench.hello(token, "1", 2));
  bench.add(Bench::trials(100));
  auto running = bench.given(link);
  auto wide = Bench::trials(1);
  wide.task.each.cores = 2;
  wide.priority = 1;
  const auto id = bench.add(wide);
  bench.say(link, report({result(running[0])}));
  CHECK(bench.given(link).empty());  // this slot waits for the other
  bench.say(link, report({result(running[1])}, 2));
  REQUIRE(bench.given(link).size() == 1);
  CHECK(bench.given(link).front().task.workload == id);
}

TEST_CASE("no task for a worker whose job ends before it would") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  const auto link = bench.join(bench.hello(token, "1", 2));
  bench.tick(2 * second);
  REQUIRE(Bench::of<effect::Poll>(bench.last.now).size() == 1);
  bench.handle(event::Polled{
      {{"1", JobState::running, "R", "", "", unix_zero + 600 * second, false}}, true});
  auto slow = Bench::trials(1);
  slow.time_request = 700 * second;
  const auto id = bench.add(slow);
  CHECK(bench.given(link).empty());
  CHECK(bench.progress(id).note == "needs 11m40s, and no worker's job lasts that long still");
  auto limited = Bench::trials(1);
  limited.task.time_limit = 500 * second;
  bench.add(limited);
  CHECK(bench.given(link).size() == 1);
}

TEST_CASE("waiting tasks of a busy worker go to one that is free") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  const auto busy = bench.join(bench.hello(token, "1", 1));
  bench.add(Bench::trials(40));
  for (int i = 0; i < 3; ++i)
    bench.say(busy, report({result(bench.given(busy).front(), TaskState::done, 1000)}));
  const auto waiting = bench.given(busy);
  REQUIRE(waiting.size() > 10);
  auto left = waiting;
  // The rest of the queue goes to a second worker, until nothing waits but at the first.
  const auto other = bench.join(bench.hello(token, "2", 1));
  for (int round = 0; round < 60 && bench.to<Retract>(busy).empty(); ++round) {
    const auto mine = bench.given(other);
    if (mine.empty()) break;
    std::vector<TaskResult> results;
    for (const auto& attempt : mine)
      results.push_back(result(attempt, TaskState::done, 10 * second));
    bench.say(other, report(results));
  }
  REQUIRE(bench.to<Retract>(busy).size() == 1);
  const auto asked = bench.to<Retract>(busy).front().attempts;
  CHECK(asked.size() == 1);
  CHECK(bench.given(other).empty());  // not before it has been given back

  // The answer is lost with its connection: asked again on the next.
  bench.handle(event::WorkerCut{busy, "cable"});
  auto again = bench.hello(token, "1", 1);
  const auto running = bench.core.running(WorkloadId{1});
  for (std::size_t i = 0; i < running.attempts.size(); ++i)
    if (running.workers[i] == WorkerId{0}) again.held.push_back(running.attempts[i]);
  const auto back = bench.join(again);
  REQUIRE(bench.to<Retract>(back).size() == 1);
  CHECK(bench.to<Retract>(back).front().attempts == asked);
  bench.say(back, Returned{asked});
  REQUIRE(bench.given(other).size() == 1);
  CHECK(bench.given(other).front().task == asked.front().task);
  CHECK(bench.given(other).front().number == asked.front().number);
}
