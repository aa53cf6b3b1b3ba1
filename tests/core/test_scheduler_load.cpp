// What must not happen to a scheduler, nor through it: storms of commands, doubled submits, jobs
// that nobody wants any more.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

SubmitJobs ask_for(std::uint32_t count, const std::string& pool = "default") {
  SubmitJobs request;
  request.spec.adapter = "slurm";
  request.count = count;
  request.pool = pool;
  return request;
}

std::vector<JobSeen> listed(const std::vector<std::string>& ids, JobState state) {
  std::vector<JobSeen> jobs;
  for (const auto& id : ids) jobs.push_back({id, state, "", "", "", 0, false, ""});
  return jobs;
}

std::size_t launches(const Bench& bench) {
  return Bench::of<effect::Launch>(bench.last.after).size();
}

}  // namespace

TEST_CASE("jobs that are slow to end are cancelled in one command, and seldom") {
  Bench bench;
  const std::vector<std::string> ids{"1", "2", "3"};
  const auto token = bench.jobs(ids);
  bench.ask(CancelJobs{{token}, false});
  CHECK(Bench::of<effect::Cancel>(bench.last.now).size() == 1);
  std::size_t cancels = 0;
  for (int look = 0; look < 10; ++look) {  // five minutes
    bench.tick(30 * second);
    bench.handle(event::Polled{listed(ids, JobState::running), true});
    const auto again = Bench::of<effect::Cancel>(bench.last.now);
    cancels += again.size();
    for (const auto& one : again) CHECK(one.job_ids.size() == 3);
  }
  CHECK(cancels == 3);  // the first time it was not heard, then every two minutes
}

TEST_CASE("a scheduler that is away is asked more and more seldom") {
  Bench bench;
  bench.jobs({"1"});
  std::size_t polls = 0;
  for (int minute = 0; minute < 60; ++minute) {
    bench.tick(60 * second);
    if (Bench::of<effect::Poll>(bench.last.now).empty()) continue;
    ++polls;
    bench.handle(event::Polled{{}, false});
  }
  CHECK(polls > 10);
  CHECK(polls < 20);  // 30 s, then twice that, at last every five minutes
  bench.tick(300 * second);
  bench.handle(event::Polled{listed({"1"}, JobState::pending), true});
  bench.tick(30 * second);
  CHECK(Bench::of<effect::Poll>(bench.last.now).size() == 1);
}

TEST_CASE("a restart repeats no submit whose command may still run") {
  Bench bench;
  bench.ask(ask_for(2));
  const auto token = bench.reply<JobsAccepted>().token;
  bench.now += 20 * second;
  bench.restart();
  for (int i = 0; i < 7; ++i) {
    bench.handle(event::LookedUp{token, {}, true});
    CHECK(launches(bench) == 0);
    bench.tick(5 * second);
  }
  bench.tick(5 * second);
  bench.handle(event::LookedUp{token, {}, true});
  CHECK(launches(bench) == 1);
}

TEST_CASE("a worker at home proves its submit, whatever the listing says") {
  Bench bench;
  bench.ask(ask_for(1));
  const auto token = bench.reply<JobsAccepted>().token;
  bench.handle(event::SubmitUnanswered{token});
  bench.tick(5 * second);
  const auto link = bench.join(bench.hello(token, "77", 1));
  for (int i = 0; i < 4; ++i) {
    bench.say(link, Heartbeat{});
    bench.handle(event::LookedUp{token, {}, true});
    CHECK(launches(bench) == 0);
    bench.tick(5 * second);
  }
  std::size_t answers = 0;
  for (const auto& record : bench.journal)
    if (const auto* answered = std::get_if<SubmitAnswered>(&record)) {
      ++answers;
      CHECK(answered->job_ids == std::vector<std::string>{"77"});
    }
  CHECK(answers == 1);
}

TEST_CASE("a submit that was cancelled while nobody answered stays cancelled over a restart") {
  Bench bench;
  bench.ask(ask_for(2));
  const auto token = bench.reply<JobsAccepted>().token;
  bench.handle(event::SubmitUnanswered{token});
  bench.ask(CancelJobs{{token}, true});
  bench.restart();
  for (int i = 0; i < 20; ++i) {
    bench.handle(event::LookedUp{token, {}, true});
    CHECK(launches(bench) == 0);
    bench.tick(5 * second);
  }
}

TEST_CASE("a job that nobody knew goes to the submit of its name") {
  Bench bench;
  bench.jobs({"1"});
  bench.ask(ask_for(1, "other"));
  const auto other = bench.reply<JobsAccepted>().token;
  bench.tick(2 * second);
  auto jobs = listed({"1", "2"}, JobState::pending);
  jobs[1].token = other;
  bench.handle(event::Polled{jobs, true});
  const auto rows = bench.core.status(0).jobs;
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].job_id == "2");
  CHECK(rows[1].pool == "other");
}

TEST_CASE("jobs that only wait in the queue are not idle") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"}, "default", 60 * second);
  for (int i = 0; i < 100; ++i) {
    bench.tick(30 * second);
    CHECK(Bench::of<effect::Cancel>(bench.last.now).empty());
    bench.handle(event::Polled{listed({"1", "2"}, JobState::pending), true});
  }
  const auto link = bench.join(bench.hello(token, "1", 1));  // from here on one is
  for (int i = 0; i < 13; ++i) {
    bench.say(link, Heartbeat{});
    bench.tick(5 * second);
  }
  CHECK(bench.core.status(0).pools.front().wanted_jobs == 0);
}
