// Automatic pools: as many jobs as there is work for, and not fewer too soon.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

// One job with a worker of 2 slots, of a pool that knows its size; then automatic.
struct Automatic : Bench {
  LinkId one{};
  std::string token;
  int next = 10;

  explicit Automatic(std::uint32_t least = 0, std::uint32_t most = 4, Micros idle = 60 * second) {
    SubmitJobs request;
    request.spec.adapter = "local";
    request.spec.per_node.cores = 2;
    request.spec.time = 3600 * second;
    request.pool = "default";
    ask(request);
    token = reply<JobsAccepted>().token;
    handle(event::Submitted{token, {"1"}});
    auto me = hello(token, "1", 2);
    me.port = 1;  // it may have a part of a gang
    one = join(me);
    ask(ScaleJobs{"", 0, true, least, most, idle});
  }
  std::uint32_t wanted() const { return core.status(now).pools.front().wanted_jobs; }
  // Jobs that are submitted now; their answer comes at once.
  std::uint32_t take_submits() {
    std::uint32_t count = 0;
    if (of<effect::Launch>(last.after).empty()) tick(2 * second);
    for (const auto& launch : of<effect::Launch>(last.after)) {
      std::vector<std::string> ids;
      for (std::uint32_t i = 0; i < launch.count; ++i) ids.push_back(std::to_string(next++));
      count += launch.count;
      token = launch.token;
      handle(event::Submitted{launch.token, ids});
    }
    return count;
  }
  // A job whose worker is home ends with it, without a command.
  void collect(std::vector<std::string>& ids) const {
    for (const auto& cancel : of<effect::Cancel>(last.now))
      ids.insert(ids.end(), cancel.job_ids.begin(), cancel.job_ids.end());
    for (std::uint64_t link = 1; link <= links; ++link)
      if (!to<StopWorker>(LinkId{link}).empty())
        ids.push_back(core.status(now).workers.at(link - 1).job_id);
  }
  // So long, with everybody's heartbeats.
  std::vector<std::string> pass(Micros wait) {
    std::vector<std::string> cancelled;
    for (const auto end = now + wait; now < end;) {
      for (std::uint64_t link = 1; link <= links; ++link) {
        say(LinkId{link}, Heartbeat{});
        collect(cancelled);
      }
      tick(std::min(2 * second, end - now));
      collect(cancelled);
      if (!of<effect::Poll>(last.now).empty()) handle(event::Polled{{}, false});
    }
    return cancelled;
  }
};
using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("automatic: as many jobs as the slots of what waits need, and at most so many") {
  Automatic bench;
  bench.pass(11 * second);
  CHECK(bench.wanted() == 1);
  bench.add(Bench::trials(5));  // two run, three wait for one and a half jobs
  CHECK(bench.take_submits() == 2);
  CHECK(bench.wanted() == 3);
  bench.add(Bench::trials(100));
  bench.pass(20 * second);
  CHECK(bench.wanted() == 4);
}

TEST_CASE("automatic: what can never fit asks for nothing") {
  Automatic bench;
  bench.pass(11 * second);
  auto spec = Bench::trials(50);
  SUBCASE("too many cores") { spec.task.each.cores = 3; }
  SUBCASE("too long") { spec.time_request = 7200 * second; }
  SUBCASE("a gang of more than all jobs") {
    spec.task.ranks = 9;
    spec.task.each.cores = 1;
  }
  SUBCASE("for one worker only") {
    spec = Bench::trials(1);
    spec.on = {WorkerId{0}};
  }
  SUBCASE("after another") { spec.after = {bench.add(Bench::trials(1))}; }
  bench.ask(AddWorkload{spec, false});
  CHECK(Bench::of<effect::Launch>(bench.last.after).empty());
  bench.tick(2 * second);
  CHECK(bench.wanted() == 1);
}

TEST_CASE("automatic: a gang counts as the slots that it needs") {
  Automatic bench;
  bench.pass(11 * second);
  auto spec = Bench::trials(1);
  spec.task.ranks = 5;  // two workers and a half
  bench.ask(AddWorkload{spec, false});
  CHECK(bench.take_submits() == 2);
  CHECK(bench.wanted() == 3);
}

TEST_CASE("automatic: idle jobs end after their time, down to the least; busy ones stay") {
  Automatic bench(1, 3, 20 * second);
  bench.pass(11 * second);
  bench.add(Bench::trials(6));
  REQUIRE(bench.take_submits() == 2);
  const auto two = bench.join(bench.hello(bench.token, "10", 2));
  const auto given_two = bench.given(two);
  const auto three = bench.join(bench.hello(bench.token, "11", 2));
  const auto given_three = bench.given(three);
  bench.say(two, report({result(given_two.at(0)), result(given_two.at(1))}));
  CHECK(bench.pass(18 * second).empty());
  CHECK(bench.pass(4 * second) == Ids{"10"});
  CHECK(bench.pass(100 * second).empty());  // the others are busy
  CHECK(bench.wanted() == 2);
  bench.say(three, report({result(given_three.at(0)), result(given_three.at(1))}));
  CHECK(bench.pass(24 * second) == Ids{"11"});
  CHECK(bench.wanted() == 1);
}

TEST_CASE("automatic: work that comes keeps a job that was idle for almost long enough") {
  Automatic bench(0, 3, 20 * second);
  CHECK(bench.pass(18 * second).empty());
  bench.add(Bench::trials(1));
  const auto given = bench.given(bench.one);
  REQUIRE(given.size() == 1);
  bench.say(bench.one, report({result(given.front(), TaskState::done, millisecond)}));
  CHECK(bench.pass(16 * second).empty());  // counted anew, though nobody saw it busy for long
  CHECK(bench.pass(10 * second) == Ids{"1"});
  CHECK(bench.wanted() == 0);
}

TEST_CASE("automatic: jobs in the queue go a while after the work for which they wait has gone") {
  Automatic bench(0, 3, 300 * second);
  bench.pass(11 * second);
  const auto id = bench.add(Bench::trials(60));
  REQUIRE(bench.take_submits() == 2);
  bench.pass(10 * second);
  bench.ask(CancelWorkload{{id, {}}});
  CHECK(bench.pass(26 * second).empty());
  const auto again = bench.add(Bench::trials(60));  // the calm is over before it ends
  CHECK(bench.pass(60 * second).empty());
  CHECK(Bench::of<effect::Launch>(bench.last.after).empty());
  bench.ask(CancelWorkload{{again, {}}});
  CHECK(bench.pass(34 * second) == Ids{"11", "10"});
}

TEST_CASE("automatic survives a launcher; a number ends it") {
  Automatic bench(0, 4);
  bench.pass(11 * second);
  bench.add(Bench::trials(6));
  REQUIRE(bench.take_submits() == 2);
  bench.restart();
  auto row = bench.core.status(bench.now).pools.front();
  CHECK(row.automatic);
  CHECK(row.most == 4);
  CHECK(row.wanted_jobs == 3);
  bench.ask(ScaleJobs{"", 0});
  row = bench.core.status(bench.now).pools.front();
  CHECK(!row.automatic);
  CHECK(row.wanted_jobs == 0);
  bench.tick(100 * second);
  CHECK(bench.wanted() == 0);
}

TEST_CASE("automatic: above the most ends at once; bounds must be bounds") {
  Bench bench;
  bench.jobs({"1", "2", "3"});
  bench.ask(ScaleJobs{"", 0, true, 0, 2});
  CHECK(bench.reply<Scaled>().cancelled == 1);
  CHECK(bench.core.status(0).pools.front().wanted_jobs == 2);
  bench.ask(ScaleJobs{"", 0, true, 3, 2});
  CHECK(bench.reply<Refusal>().code == 2);
  bench.ask(ScaleJobs{"", 0, true, 0, 0});
  CHECK(bench.reply<Refusal>().code == 2);
}

TEST_CASE("automatic: the least is there without work, and dead ones are replaced") {
  Automatic bench(2, 4);
  CHECK(bench.wanted() == 2);
  bench.tick(11 * second);
  CHECK(bench.take_submits() == 1);
  bench.tick(30 * second);
  bench.handle(event::Polled{{{"10", JobState::ended, "FAILED", "", "", 0, false, ""}}, true});
  bench.tick(11 * second);
  CHECK(bench.take_submits() == 1);
}

TEST_CASE("automatic: nobody knows how large a job is: one, to see") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  bench.ask(ScaleJobs{"", 0, true, 0, 9});
  bench.tick(11 * second);
  bench.add(Bench::trials(8));
  CHECK(bench.core.status(bench.now).pools.front().wanted_jobs == 1);
  bench.join(bench.hello(token, "1", 2));
  bench.tick(2 * second);
  CHECK(bench.core.status(bench.now).pools.front().wanted_jobs == 4);
}
