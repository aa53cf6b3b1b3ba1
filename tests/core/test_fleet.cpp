// Pools, submits and jobs: what the scheduler is asked, and when.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

SubmitJobs ask_for(std::uint32_t count) {
  SubmitJobs request;
  request.spec.adapter = "slurm";
  request.count = count;
  request.pool = "default";
  return request;
}

JobSeen seen(const std::string& id, JobState state, const std::string& word = "") {
  return {id, state, word, "", "", 0, false, ""};
}

}  // namespace

TEST_CASE("a submit is durable before it happens") {
  Bench bench;
  bench.ask(ask_for(3));
  CHECK(bench.records<SubmitBegan>().size() == 1);
  CHECK(Bench::of<effect::Launch>(bench.last.now).empty());
  REQUIRE(Bench::of<effect::Launch>(bench.last.after).size() == 1);
  CHECK(Bench::of<effect::Launch>(bench.last.after).front().count == 3);
  CHECK(bench.reply<JobsAccepted>().workers_wanted == 3);
  CHECK(bench.core.status(0).jobs.at(2).state == JobState::submitting);
}

TEST_CASE("a second submit tops up; another shape is refused") {
  Bench bench;
  bench.ask(ask_for(2));
  bench.ask(ask_for(2));
  CHECK(bench.reply<JobsAccepted>().new_jobs == 0);
  CHECK(bench.reply<JobsAccepted>().token.empty());
  bench.ask(ask_for(5));
  CHECK(bench.reply<JobsAccepted>().new_jobs == 3);
  auto other = ask_for(1);
  other.spec.partition = "large";
  bench.ask(other);
  CHECK(bench.reply<Refusal>().hint.find("leave --pool out") != std::string::npos);
  other.pool = "second";
  bench.ask(other);
  CHECK(bench.reply<JobsAccepted>().new_jobs == 1);
  CHECK(bench.core.status(0).pools.size() == 2);
}

TEST_CASE("a lost answer is looked up until it is known, and never repeated before") {
  Bench bench;
  bench.ask(ask_for(1));
  const auto token = bench.reply<JobsAccepted>().token;
  bench.handle(event::SubmitUnanswered{token});
  CHECK(Bench::of<effect::LookUp>(bench.last.now).empty());
  bench.tick(5 * second);
  REQUIRE(Bench::of<effect::LookUp>(bench.last.now).size() == 1);
  CHECK(Bench::of<effect::LookUp>(bench.last.now).front().adapter == "slurm");
  bench.tick(5 * second);
  CHECK(Bench::of<effect::LookUp>(bench.last.now).empty());  // one at a time
  bench.handle(event::LookedUp{token, {}, false});
  CHECK(Bench::of<effect::Launch>(bench.last.after).empty());
  bench.tick(5 * second);
  CHECK(Bench::of<effect::LookUp>(bench.last.now).size() == 1);

  SUBCASE("there is none: it never arrived") {
    bench.handle(event::LookedUp{token, {}, true});
    CHECK(Bench::of<effect::Launch>(bench.last.after).empty());  // it may be on its way still
    bench.tick(5 * second);
    bench.handle(event::LookedUp{token, {}, true});
    CHECK(Bench::of<effect::Launch>(bench.last.after).empty());
    bench.tick(5 * second);
    bench.handle(event::LookedUp{token, {}, true});
    REQUIRE(Bench::of<effect::Launch>(bench.last.after).size() == 1);
    CHECK(Bench::of<effect::Launch>(bench.last.after).front().token == token);
  }
  SUBCASE("there it is") {
    bench.handle(event::LookedUp{token, {"77"}, true});
    CHECK(Bench::of<effect::Launch>(bench.last.after).empty());
    CHECK(bench.records<SubmitAnswered>().front().job_ids.front() == "77");
  }
  SUBCASE("the launcher dies meanwhile: it is looked up, not repeated") {
    bench.restart();
    CHECK(Bench::of<effect::Launch>(bench.last.after).empty());
    CHECK(Bench::of<effect::LookUp>(bench.last.now).size() == 1);
  }
  SUBCASE("Ctrl-C meanwhile: what turns up is cancelled") {
    bench.ask(CancelJobs{{token}, true});
    bench.handle(event::LookedUp{token, {"77"}, true});
    REQUIRE(Bench::of<effect::Cancel>(bench.last.now).size() == 1);
    CHECK(Bench::of<effect::Cancel>(bench.last.now).front().job_ids.front() == "77");
    CHECK(bench.core.status(0).pools.front().wanted_jobs == 0);
  }
}

TEST_CASE("a refused submit is told, and wants nothing any more") {
  Bench bench;
  bench.ask(ask_for(2));
  bench.handle(event::SubmitFailed{bench.reply<JobsAccepted>().token, "no such partition", "see"});
  const auto status = bench.core.status(0);
  CHECK(status.submit_error == "no such partition");
  CHECK(status.submit_hint == "see");
  CHECK(status.pools.front().wanted_jobs == 0);
  CHECK(status.jobs.empty());
}

TEST_CASE("the queue is looked at after 2 s, then each 30 s, and never once all are home") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  bench.tick(second);
  CHECK(Bench::of<effect::Poll>(bench.last.now).empty());
  bench.tick(second);
  REQUIRE(Bench::of<effect::Poll>(bench.last.now).size() == 1);
  CHECK(Bench::of<effect::Poll>(bench.last.now).front().tokens.size() == 1);
  bench.handle(
      event::Polled{{seen("1", JobState::pending), seen("2", JobState::unknown, "ODD")}, true});
  CHECK(bench.core.status(0).jobs.at(1).state == JobState::unknown);
  bench.tick(27 * second);
  CHECK(Bench::of<effect::Poll>(bench.last.now).empty());
  const auto a = bench.join(bench.hello(token, "1", 1)), b = bench.join(bench.hello(token, "2", 1));
  bench.tick(3 * second);
  CHECK(Bench::of<effect::Poll>(bench.last.now).size() == 1);  // once: when do they end?
  bench.handle(event::Polled{{seen("1", JobState::running), seen("2", JobState::running)}, true});
  for (int i = 0; i < 50; ++i) {
    bench.say(a, Heartbeat{});
    bench.say(b, Heartbeat{});
    bench.tick(3 * second);
    CHECK(Bench::of<effect::Poll>(bench.last.now).empty());
  }
  bench.handle(event::WorkerCut{b, "gone"});
  bench.say(a, Heartbeat{});
  bench.tick(2 * second);
  CHECK(Bench::of<effect::Poll>(bench.last.now).size() == 1);  // one has vanished
}

TEST_CASE("a job ends when the scheduler says so, or does not list it three times") {
  Bench bench;
  bench.jobs({"1", "2"});
  for (int look = 0; look < 3; ++look) {
    bench.tick(look == 0 ? 2 * second : 30 * second);
    bench.handle(event::Polled{{}, false});  // no answer is no miss
    bench.tick(30 * second);
    bench.handle(event::Polled{{seen("1", look == 0 ? JobState::ended : JobState::ended)}, true});
    const auto jobs = bench.core.status(0).jobs;
    CHECK(jobs.at(0).state == JobState::ended);
    CHECK((jobs.at(1).state == JobState::ended) == (look == 2));
  }
}

TEST_CASE("who is home is alive, whatever the scheduler says") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  bench.tick(2 * second);
  bench.handle(event::Polled{{seen("1", JobState::ended)}, true});
  CHECK(bench.core.status(0).jobs.front().state == JobState::ended);
  bench.join(bench.hello(token, "1", 1));
  CHECK(bench.core.status(0).jobs.front().state == JobState::running);
}

TEST_CASE("a pool without work is dismissed after its idle timeout, one with work is not") {
  Bench bench;
  const auto token = bench.jobs({"1"}, "default", 60 * second);
  const auto link = bench.join(bench.hello(token, "1", 1));
  bench.add(Bench::trials(1));
  const auto attempt = bench.given(link).front();
  for (int i = 0; i < 30; ++i) {
    bench.say(link, Heartbeat{});
    bench.tick(5 * second);
    CHECK(bench.to<StopWorker>(link).empty());
  }
  bench.say(link, report({result(attempt)}));
  for (int i = 0; i < 11; ++i) {
    bench.say(link, Heartbeat{});
    bench.tick(5 * second);
  }
  CHECK(bench.to<StopWorker>(link).empty());
  bench.say(link, Heartbeat{});
  bench.tick(5 * second);
  CHECK(bench.to<StopWorker>(link).size() == 1);
  CHECK(Bench::of<effect::Cancel>(bench.last.now).size() == 1);
}

TEST_CASE("stop ends the workers and the jobs, late answers included") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  const auto link = bench.join(bench.hello(token, "1", 1));
  bench.ask(ask_for(1));
  auto more = ask_for(4);
  more.pool = "more";
  bench.ask(more);
  const auto late = bench.reply<JobsAccepted>().token;
  bench.ask(StopCluster{});
  CHECK(bench.to<StopWorker>(link).size() == 1);
  CHECK(Bench::of<effect::Cancel>(bench.last.now).front().job_ids.size() == 2);
  bench.ask(AddWorkload{Bench::trials(1), false});
  CHECK(bench.reply<Refusal>().code == 3);
  bench.say(link, Bye{"told to"});
  CHECK(Bench::of<effect::Quit>(bench.last.after).empty());  // a submit is out
  bench.tick(30 * second);  // longer than for a worker, and without looking again and again
  CHECK(Bench::of<effect::Quit>(bench.last.after).empty());
  bench.handle(event::Submitted{late, {"9", "10", "11", "12"}});
  CHECK(Bench::of<effect::Cancel>(bench.last.now).front().job_ids.size() == 4);
  CHECK(Bench::of<effect::Quit>(bench.last.after).size() == 1);
}

TEST_CASE("stop does not wait for ever, and goes on after a restart") {
  Bench bench;
  const auto token = bench.jobs({"1"});
  const auto link = bench.join(bench.hello(token, "1", 1));
  const auto id = bench.add(Bench::trials(3));
  bench.ask(StopCluster{});
  CHECK(bench.progress(id).cancelled == 2);
  SUBCASE("a worker that does not go") {
    bench.tick(9 * second);
    bench.say(link, Heartbeat{});
    CHECK(Bench::of<effect::Quit>(bench.last.after).empty());
    bench.tick(second);
    CHECK(Bench::of<effect::Quit>(bench.last.after).size() == 1);
    CHECK(bench.progress(id).finished);
  }
  SUBCASE("a launcher that dies") {
    bench.restart();
    CHECK(Bench::of<effect::Cancel>(bench.last.now).size() == 1);
    CHECK(Bench::of<effect::Quit>(bench.last.after).size() == 1);
  }
}
