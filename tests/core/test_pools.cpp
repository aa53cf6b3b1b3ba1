// Pools of several shapes, and their growing and shrinking.
// SPDX-License-Identifier: MIT
#include <map>

#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

SubmitJobs shape(std::uint32_t cores, std::uint32_t count = 1) {
  SubmitJobs request;
  request.spec.adapter = "local";
  request.spec.per_node.cores = cores;
  request.count = count;
  return request;
}

struct Three : Bench {  // jobs 1, 2 and 3 of one pool; workers w0 and w1 of the first two
  std::string token = jobs({"1", "2", "3"});
  LinkId one = join(hello(token, "1", 1)), two = join(hello(token, "2", 1));

  std::vector<std::string> cancelled() const {
    std::vector<std::string> ids;
    for (const auto& cancel : of<effect::Cancel>(last.now))
      ids.insert(ids.end(), cancel.job_ids.begin(), cancel.job_ids.end());
    return ids;
  }
  Scaled scale(std::uint32_t count, const std::string& pool = "") {
    ask(ScaleJobs{pool, count});
    return reply<Scaled>();
  }
};
using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("a submit without a pool finds the one of its shape, or makes one") {
  Bench bench;
  const auto pool_of = [&](const SubmitJobs& request) {
    bench.ask(request);
    const auto accepted = bench.reply<JobsAccepted>();
    if (!accepted.token.empty()) bench.handle(event::Submitted{accepted.token, {accepted.token}});
    return accepted.pool;
  };
  CHECK(pool_of(shape(1)) == "default");
  CHECK(pool_of(shape(2)) == "pool-2");
  CHECK(pool_of(shape(4)) == "pool-3");
  CHECK(pool_of(shape(2)) == "pool-2");
  CHECK(pool_of(shape(1, 2)) == "default");
  auto fewer_allowed = shape(2);  // what the scheduler allows is no shape
  fewer_allowed.spec.manners.max_jobs = 7;
  CHECK(pool_of(fewer_allowed) == "pool-2");
  fewer_allowed.pool = "pool-2", fewer_allowed.spec.manners = {};
  CHECK(pool_of(fewer_allowed) == "pool-2");
  auto named = shape(8);
  named.pool = "pool-2";
  bench.ask(named);
  CHECK(bench.reply<Refusal>().code == 2);
  bench.ask(ScaleJobs{"pool-2", 0});
  CHECK(pool_of(shape(8)) == "pool-2");  // nothing of the old shape lives there
  CHECK(bench.core.status(0).pools.size() == 3);
}

TEST_CASE("tasks go where they fit: large ones to the large pool, small ones to both") {
  Bench bench;
  const auto small = bench.join(bench.hello(bench.jobs({"1"}, "small"), "1", 1));
  const auto large = bench.join(bench.hello(bench.jobs({"2"}, "large"), "2", 4));
  auto spec = Bench::trials(3);
  spec.task.each.cores = 2;
  bench.add(spec);
  CHECK(bench.given(small).empty());
  CHECK(bench.given(large).size() == 2);
  bench.add(Bench::trials(2));
  CHECK(bench.given(small).size() == 1);
}

TEST_CASE("scale up: as if the submit were repeated with more jobs") {
  Three three;
  const auto up = three.scale(5);
  CHECK(up.pool == "default");
  CHECK(up.new_jobs == 2);
  CHECK(up.jobs == 5);
  REQUIRE(Bench::of<effect::Launch>(three.last.after).size() == 1);
  CHECK(Bench::of<effect::Launch>(three.last.after).front().spec.adapter == "local");
  CHECK(three.records<PoolAsked>().front().jobs == 5);
  CHECK(three.scale(5).token.empty());
}

TEST_CASE("scale down: pending jobs first, then idle ones, then busy ones once they are done") {
  Three three;
  const auto id = three.add(Bench::trials(1));
  const auto attempt = three.given(three.one).front();
  auto down = three.scale(2);
  CHECK(down.cancelled == 1);
  CHECK(three.cancelled() == Ids{"3"});
  CHECK(three.to<StopWorker>(three.two).empty());
  down = three.scale(1);
  CHECK(down.ending == 1);
  CHECK(three.cancelled() == Ids{"2"});
  CHECK(three.to<StopWorker>(three.two).size() == 1);
  down = three.scale(0);
  CHECK(down.draining == 1);
  CHECK(three.cancelled().empty());
  CHECK(three.state(0) == "draining");
  const auto later = three.add(Bench::trials(1));
  CHECK(three.given(three.one).empty());
  three.say(three.one, report({result(attempt)}));
  CHECK(three.progress(id).done == 1);
  CHECK(three.to<StopWorker>(three.one).size() == 1);
  CHECK(three.cancelled() == Ids{"1"});
  CHECK(three.progress(later).queued == 1);
  three.say(three.one, Bye{"told to"});
  const auto up = three.scale(1);
  CHECK(up.new_jobs == 1);
}

TEST_CASE("scale down: one command for all jobs, and for those that other reasons end just then") {
  Bench bench;
  bench.jobs({"1", "2", "3", "4"});
  bench.ask(ScaleJobs{"", 1});
  const auto commands = Bench::of<effect::Cancel>(bench.last.now);
  REQUIRE(commands.size() == 1);
  CHECK(commands.front().job_ids == Ids{"4", "3", "2"});
}

TEST_CASE("scale down: tasks that only wait at a worker that drains come back") {
  Bench bench;
  const auto link = bench.join(bench.hello(bench.jobs({"1"}), "1", 1));
  const auto id = bench.add(Bench::trials(60));
  for (int i = 0; i < 4; ++i) {
    const auto out = bench.core.running(id).attempts.front();
    bench.say(link, report({result(out, TaskState::done, millisecond)}));
  }
  const auto waiting = bench.progress(id).running - 1;
  REQUIRE(waiting > 0);
  bench.ask(ScaleJobs{"", 0});
  REQUIRE(bench.to<Retract>(link).size() == 1);
  const auto back = bench.to<Retract>(link).front().attempts;
  CHECK(back.size() == waiting);
  bench.say(link, Returned{back});
  CHECK(bench.progress(id).running == 1);
  bench.say(link, report({result(bench.core.running(id).attempts.front())}));
  CHECK(bench.to<StopWorker>(link).size() == 1);
  CHECK(bench.progress(id).failed == 0);
}

TEST_CASE("scale down survives a launcher: the number stands, busy workers drain again") {
  Three three;
  three.add(Bench::trials(2));
  const auto attempt = three.given(three.one).front();
  three.scale(1);
  three.restart();
  CHECK(three.cancelled() == Ids{"3"});  // once more: the first may not have gone out
  CHECK(three.core.status(0).pools.front().wanted_jobs == 1);
  auto back = three.hello(three.token, "1", 1);
  back.resumed = WorkerId{0};
  back.held = {attempt};
  three.say(LinkId{8}, back);
  CHECK(three.to<StopWorker>(LinkId{8}).empty());
  auto other = three.hello(three.token, "2", 1);
  other.resumed = WorkerId{1};
  other.held = {three.core.running(WorkloadId{1}).attempts.back()};
  three.say(LinkId{9}, other);
  three.say(LinkId{9}, Heartbeat{});
  CHECK(three.state(1) == "draining");
  CHECK(three.to<StopWorker>(LinkId{9}).empty());
  three.say(LinkId{9}, report({result(other.held.front())}));
  CHECK(three.to<StopWorker>(LinkId{9}).size() == 1);
}

TEST_CASE("scale down while a submit has no answer yet: its jobs go once they are known") {
  Three three;
  const auto up = three.scale(5);
  auto down = three.scale(2);
  CHECK(down.cancelled == 3);
  CHECK(three.cancelled() == Ids{"3"});
  SUBCASE("it comes") {
    three.handle(event::Submitted{up.token, {"4", "5"}});
    CHECK(three.cancelled().size() == 2);
  }
  SUBCASE("it is refused: the others do not pay for it") {
    three.handle(event::SubmitFailed{up.token, "no", "less"});
    CHECK(three.cancelled().empty());
    three.restart();
    CHECK(three.core.status(0).pools.front().wanted_jobs == 2);
  }
}

TEST_CASE("scale up again: workers that drain stay") {
  Three three;
  three.add(Bench::trials(9));
  three.scale(0);
  CHECK(three.state(0) == "draining");
  const auto up = three.scale(2);
  CHECK(up.new_jobs == 0);
  CHECK(three.state(0) == "busy");
  CHECK(three.state(1) == "busy");
}

TEST_CASE("scale says which pools there are when it cannot know") {
  Bench bench;
  bench.ask(ScaleJobs{"", 3});
  CHECK(bench.reply<Refusal>().hint == "begin with: pcluster submit --jobs N");
  bench.jobs({"1"}, "a");
  bench.jobs({"2"}, "b");
  bench.ask(ScaleJobs{"", 3});
  CHECK(bench.reply<Refusal>().message == "there are several pools: a, b");
  bench.ask(ScaleJobs{"c", 3});
  CHECK(bench.reply<Refusal>().code == 2);
}

TEST_CASE("scale down: a program of exec that waits for its worker still runs there") {
  Three three;
  auto spec = Bench::trials(1);
  spec.on = {WorkerId{1}};
  const auto id = three.add(spec);
  three.handle(event::WorkerCut{three.two, "cable"});
  three.scale(0);
  auto back = three.hello(three.token, "2", 1);
  back.resumed = WorkerId{1};
  three.say(LinkId{9}, back);  // it never heard of the task
  CHECK(three.progress(id).queued == 1);
  three.say(LinkId{9}, Heartbeat{});
  REQUIRE(three.given(LinkId{9}).size() == 1);
  CHECK(three.to<StopWorker>(LinkId{9}).empty());
  three.say(LinkId{9}, report({result(three.given(LinkId{9}).front())}));
  CHECK(three.progress(id).done == 1);
  CHECK(three.to<StopWorker>(LinkId{9}).size() == 1);
}

TEST_CASE("scale down: what comes after a program that is lost is cancelled at once") {
  Three three;
  auto spec = Bench::trials(1);
  spec.on = {WorkerId{1}};
  const auto id = three.add(spec);
  auto then = Bench::trials(2);
  then.after = {id};
  const auto later = three.add(then);
  three.handle(event::WorkerCut{three.two, "died"});
  three.say(three.one, Heartbeat{});
  three.tick(10 * second);
  three.say(three.one, Heartbeat{});
  three.tick(6 * second);
  CHECK(three.progress(id).failed == 1);
  CHECK(three.progress(later).note == "workload 1, which it comes after, failed");
}

TEST_CASE("a pool whose jobs could not run what waits is idle, one whose jobs could is not") {
  Bench bench;
  std::map<std::uint32_t, std::string> tokens;
  for (const std::uint32_t cores : {1u, 4u}) {
    auto request = shape(cores);
    request.idle_timeout = 60 * second;
    bench.ask(request);
    tokens[cores] = bench.reply<JobsAccepted>().token;
    bench.handle(event::Submitted{tokens[cores], {std::to_string(cores)}});
  }
  const auto link = bench.join(bench.hello(tokens[1], "1", 1));
  auto spec = Bench::trials(3);
  spec.task.each.cores = 2;
  bench.add(spec);
  std::vector<std::string> cancelled;
  for (int i = 0; i < 13; ++i) {
    bench.say(link, Heartbeat{});
    bench.tick(5 * second);
    for (const auto& cancel : Bench::of<effect::Cancel>(bench.last.now))
      cancelled.insert(cancelled.end(), cancel.job_ids.begin(), cancel.job_ids.end());
  }
  CHECK(cancelled == Ids{"1"});
  CHECK(bench.core.status(0).pools.at(1).wanted_jobs == 1);
}
