// Submits that wait for their turn, pools that rest after failures, and nodes that are left out.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

struct Queue : Bench {
  int next = 1;

  JobsAccepted submit(std::uint32_t count, SchedulerManners manners) {
    SubmitJobs request;
    request.spec.adapter = "slurm";
    request.spec.per_node.cores = 1;
    request.spec.manners = manners;
    request.count = count;
    request.pool = "default";
    ask(request);
    return reply<JobsAccepted>();
  }
  std::vector<effect::Launch> launches() const { return of<effect::Launch>(last.after); }
  std::vector<std::string> accept(const effect::Launch& launch) {
    std::vector<std::string> ids;
    for (std::uint32_t i = 0; i < launch.count; ++i) ids.push_back(std::to_string(next++));
    handle(event::Submitted{launch.token, ids});
    return ids;
  }
  void end(const std::vector<std::string>& ids, const std::string& node = "") {
    std::vector<JobSeen> seen;
    for (const auto& id : ids)
      seen.push_back({id, JobState::ended, "FAILED", "NonZeroExitCode", node, 0, false, ""});
    for (int i = 0; i < 3 && of<effect::Poll>(last.now).empty(); ++i) tick(30 * second);
    handle(event::Polled{seen, true});
  }
  PoolRow row() const { return core.status(now).pools.front(); }
  std::string waits() const { return core.status(now).jobs.back().reason; }
};

// An automatic pool of at least one job whose jobs never come home.
struct Failing : Queue {
  Failing() {
    auto launch = (submit(1, {}), launches().front());
    ask(ScaleJobs{"", 0, true, 1, 5});
    fail(launch, "");
  }
  void fail(const effect::Launch& launch, const std::string& node) { end(accept(launch), node); }
  // The next submit, so long from now at most.
  std::optional<effect::Launch> within(Micros wait) {
    for (const auto until = now + wait; now < until;) {
      if (!launches().empty()) return launches().front();
      if (!of<effect::Poll>(last.now).empty()) handle(event::Polled{{}, false});
      tick(std::min(second, until - now));
    }
    if (!launches().empty()) return launches().front();
    return {};
  }
};

}  // namespace

TEST_CASE("more jobs than an array may have: several submits, each durable, some time apart") {
  Queue bench;
  const auto accepted = bench.submit(25, {.max_array = 10});
  CHECK(accepted.new_jobs == 25);
  REQUIRE(bench.launches().size() == 1);
  const auto first = bench.launches().front();
  CHECK(first.count == 10);
  CHECK(first.token == accepted.token + "_1");
  CHECK(bench.core.status(0).jobs.size() == 25);
  bench.accept(first);
  bench.tick(9 * second);
  CHECK(bench.launches().empty());
  CHECK(bench.waits().starts_with("submits are some time apart; next at "));
  bench.tick(second);
  REQUIRE(bench.launches().size() == 1);
  CHECK(bench.launches().front().count == 10);
  bench.accept(bench.launches().front());
  bench.tick(10 * second);
  REQUIRE(bench.launches().size() == 1);
  CHECK(bench.launches().front().count == 5);
  CHECK(bench.launches().front().token == accepted.token);
  bench.accept(bench.launches().front());
  bench.tick(100 * second);
  CHECK(bench.launches().empty());
  CHECK(bench.core.status(0).jobs.size() == 25);
  bench.ask(CancelJobs{{accepted.token}, true});  // Ctrl-C: all parts
  CHECK(Bench::of<effect::Cancel>(bench.last.now).front().job_ids.size() == 25);
  CHECK(bench.row().wanted_jobs == 0);
}

TEST_CASE("no more jobs of ours than the user may have: the others wait until some have ended") {
  Queue bench;
  const auto accepted = bench.submit(5, {.max_jobs = 3});
  REQUIRE(bench.launches().size() == 1);
  CHECK(bench.launches().front().count == 3);
  const auto ids = bench.accept(bench.launches().front());
  bench.tick(20 * second);
  CHECK(bench.launches().empty());
  CHECK(bench.waits() == "at most 3 jobs at a time");
  SUBCASE("one ends") {
    bench.end({ids[0]});
    REQUIRE(bench.launches().size() == 1);
    CHECK(bench.launches().front().count == 1);
    CHECK(bench.row().wanted_jobs == 5);
  }
  SUBCASE("fewer are wanted meanwhile") {
    bench.ask(ScaleJobs{"", 4});
    bench.end({ids[0], ids[1]});
    REQUIRE(bench.launches().size() == 1);
    CHECK(bench.launches().front().count == 1);  // no job was cancelled for the one that waits
    CHECK(bench.row().wanted_jobs == 4);
  }
  SUBCASE("Ctrl-C") {
    bench.ask(CancelJobs{{accepted.token}, true});
    CHECK(bench.core.status(0).jobs.size() == 3);
    bench.tick(300 * second);
    CHECK(bench.launches().empty());
  }
  SUBCASE("a new launcher: nothing is lost, nothing doubled") {
    bench.restart();
    for (int i = 0; i < 20; ++i) {
      bench.tick(5 * second);
      for (const auto& look : Bench::of<effect::LookUp>(bench.last.now))
        bench.handle(event::LookedUp{look.token, {}, true});
      CHECK(bench.launches().empty());
    }
    CHECK(bench.core.status(0).jobs.size() == 5);
    bench.end({ids[0]});
    bench.tick(10 * second);
    CHECK(bench.core.status(0).jobs.back().state == JobState::submitting);
  }
  SUBCASE("stop does not wait for them") {
    bench.ask(StopCluster{});
    CHECK(Bench::of<effect::Quit>(bench.last.after).size() == 1);
  }
}

TEST_CASE("two submits are so far apart as the site wants, counted from the answer") {
  Queue bench;
  bench.submit(1, {.submit_every = 60 * second});
  const auto first = bench.launches().front();
  bench.submit(2, {.submit_every = 60 * second});
  CHECK(bench.launches().empty());
  bench.tick(40 * second);
  bench.accept(first);
  bench.tick(59 * second);
  CHECK(bench.launches().empty());
  bench.tick(second);
  CHECK(bench.launches().size() == 1);
}

TEST_CASE("the queue is looked at as seldom as the site wants, and less when nothing happens") {
  Queue bench;
  bench.submit(1, {.poll = 60 * second});
  const auto id = bench.accept(bench.launches().front()).front();
  std::vector<Time> looks;
  while (bench.now < 3600 * second) {
    bench.tick(second);
    if (Bench::of<effect::Poll>(bench.last.now).empty()) continue;
    looks.push_back(bench.now);
    bench.handle(event::Polled{{{id, JobState::pending, "PD", "", "", 0, false, ""}}, true});
  }
  CHECK(looks.at(1) - looks.at(0) == 60 * second);
  CHECK(looks.back() - looks.at(looks.size() - 2) >= 120 * second);
}

TEST_CASE("too many jobs for the scheduler: tried again later, with fewer, when some live") {
  Queue bench;
  bench.submit(2, {});
  bench.accept(bench.launches().front());
  bench.submit(6, {});
  const auto second_try = bench.launches().front();
  bench.handle(event::SubmitFailed{second_try.token, "QOSMaxSubmitJobPerUserLimit", "wait", true});
  CHECK(bench.row().wanted_jobs == 6);
  CHECK(bench.row().paused.find("QOSMaxSubmitJobPerUserLimit") != std::string::npos);
  bench.tick(59 * second);
  CHECK(bench.launches().empty());
  bench.tick(second);
  REQUIRE(bench.launches().size() == 1);
  CHECK(bench.launches().front().count == 2);
}

TEST_CASE("too many jobs for the scheduler, and none of ours lives: it is refused") {
  Queue bench;
  bench.submit(2, {});
  bench.handle(event::SubmitFailed{bench.launches().front().token, "MaxSubmit", "wait", true});
  CHECK(bench.row().wanted_jobs == 0);
}

TEST_CASE("jobs that die at once: the pool rests, longer and longer, until somebody asks") {
  Failing bench;
  Micros rest = 60 * second;
  for (int deaths = 1; deaths < 3; ++deaths) {
    CHECK(bench.row().paused == "");
    const auto launch = bench.within(40 * second);
    REQUIRE(launch);
    bench.fail(*launch, "");
  }
  for (int pauses = 0; pauses < 7; ++pauses) {
    CHECK(bench.row().paused.find("in a row ended before a worker was home") != std::string::npos);
    CHECK(!bench.within(rest - 2 * second));
    const auto launch = bench.within(20 * second);
    REQUIRE(launch);
    bench.fail(*launch, "");
    rest = std::min(2 * rest, 1800 * second);
  }
  SUBCASE("somebody does") {
    bench.ask(ScaleJobs{"", 0, true, 1, 4});
    CHECK(bench.row().paused == "");
    CHECK(bench.within(12 * second));
  }
  SUBCASE("a late worker comes home all the same") {
    const auto launch = bench.within(1900 * second);
    REQUIRE(launch);
    const auto ids = bench.accept(*launch);
    bench.join(bench.hello(launch->token, ids.front(), 1));
    CHECK(bench.row().paused == "");
  }
}

TEST_CASE("a submit that is refused rests the automatic pool at once") {
  Queue bench;
  bench.submit(1, {});
  bench.accept(bench.launches().front());
  bench.ask(ScaleJobs{"", 0, true, 2, 5});
  bench.tick(11 * second);
  REQUIRE(bench.launches().size() == 1);
  bench.handle(event::SubmitFailed{bench.launches().front().token, "invalid partition", "see"});
  CHECK(bench.row().paused.find("invalid partition") != std::string::npos);
  CHECK(bench.row().wanted_jobs == 2);
  bench.tick(58 * second);
  CHECK(bench.launches().empty());
}

TEST_CASE("a node where jobs die twice, while others come home elsewhere, is left out") {
  Failing bench;
  const auto good = bench.within(40 * second);
  REQUIRE(good);
  const auto ids = bench.accept(*good);
  const auto link = bench.join(bench.hello(good->token, ids.front(), 1));
  bench.ask(ScaleJobs{"", 0, true, 2, 5});
  for (int deaths = 0; deaths < 2; ++deaths) {
    std::optional<effect::Launch> launch;
    for (int i = 0; i < 20 && !launch; ++i) {
      launch = bench.within(2 * second);
      if (!launch) bench.say(link, Heartbeat{});
    }
    REQUIRE(launch);
    CHECK(launch->spec.exclude_nodes.empty());
    const auto dying = bench.accept(*launch);
    for (int i = 0; i < 30 && Bench::of<effect::Poll>(bench.last.now).empty(); ++i) {
      bench.say(link, Heartbeat{});
      bench.tick(2 * second);
    }
    bench.handle(event::Polled{
        {{dying.front(), JobState::ended, "FAILED", "", "node3", 0, false, ""}}, true});
    CHECK(bench.row().excluded.size() == (deaths == 1 ? 1 : 0));
  }
  CHECK(bench.row().paused == "");
  bench.restart();
  CHECK(bench.row().excluded == std::vector<std::string>{"node3"});
  CHECK(bench.row().spec.exclude_nodes.empty());  // no other shape
  const auto launch = bench.within(100 * second);
  REQUIRE(launch);
  CHECK(launch->spec.exclude_nodes == std::vector<std::string>{"node3"});
}
