// A scheduler that does not answer, and jobs that others end: what is asked then, and how often.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

JobSeen seen(const std::string& id, JobState state, const std::string& word = "",
             const std::string& reason = "") {
  return {id, state, word, reason, "", 0, false, ""};
}

const JobRow& row(const Status& status, const std::string& id) {
  for (const auto& job : status.jobs)
    if (job.job_id == id) return job;
  FAIL("no such job");
  return status.jobs.front();
}

std::uint32_t new_jobs(Bench& bench, std::uint32_t count) {
  SubmitJobs more;
  more.spec.adapter = "local";
  more.count = count;
  more.pool = "default";
  bench.ask(more);
  return bench.reply<JobsAccepted>().new_jobs;
}

}  // namespace

TEST_CASE("an hour without an answer: asked less and less, nothing twice, who is home works on") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  const auto link = bench.join(bench.hello(token, "1", 1));
  CHECK(new_jobs(bench, 3) == 1);
  const auto lost = bench.reply<JobsAccepted>().token;
  bench.handle(event::SubmitUnanswered{lost});
  bench.add(Bench::trials(5000));
  std::vector<Time> looks, polls;
  std::size_t launches = 0, tasks = 0;
  std::optional<Time> looking, polling;  // commands that hang until they are ended
  std::vector<AttemptId> given = bench.given(link);
  const auto note = [&] {
    const auto more = bench.given(link);
    given.insert(given.end(), more.begin(), more.end());
    if (!Bench::of<effect::LookUp>(bench.last.now).empty())
      looks.push_back(bench.now), looking = bench.now;
    if (!Bench::of<effect::Poll>(bench.last.now).empty())
      polls.push_back(bench.now), polling = bench.now;
  };
  const auto end = bench.now + 3600 * second;
  while (bench.now < end) {
    std::vector<TaskResult> results;
    for (const auto& attempt : std::exchange(given, {})) results.push_back(result(attempt));
    tasks += results.size();
    bench.say(link, report(std::move(results), tasks + 1));
    note();
    bench.tick(second);
    note();
    launches += Bench::of<effect::Launch>(bench.last.after).size();
    if (looking && bench.now >= *looking + 60 * second) {
      looking.reset();
      bench.handle(event::LookedUp{lost, {}, false});
    }
    if (polling && bench.now >= *polling + 60 * second) {
      polling.reset();
      bench.handle(event::Polled{{}, false});
    }
  }
  CHECK(launches == 0);
  CHECK(tasks > 1000);
  for (const auto* asked : {&looks, &polls}) {
    CHECK(asked->size() <= 20);
    CHECK(asked->size() >= 9);  // it is found out within 6 minutes that it is back
    for (std::size_t i = 2; i < asked->size(); ++i)
      CHECK(asked->at(i) - asked->at(i - 1) + second >= asked->at(i - 1) - asked->at(i - 2));
  }
  CHECK(row(bench.core.status(0), "2").state != JobState::ended);

  // Back again: the job is there under its name, and the queue is looked at as before.
  if (polling) bench.handle(event::Polled{{seen("2", JobState::pending)}, true});
  if (looking) bench.handle(event::LookedUp{lost, {"9"}, true});
  for (int wait = 0; wait < 300 && bench.core.status(0).jobs.size() < 3; ++wait) {
    bench.say(link, Heartbeat{});
    bench.tick(second);
    if (!Bench::of<effect::LookUp>(bench.last.now).empty())
      bench.handle(event::LookedUp{lost, {"9"}, true});
    CHECK(Bench::of<effect::Launch>(bench.last.after).empty());
  }
  CHECK(row(bench.core.status(0), "9").state == JobState::pending);
}

TEST_CASE("a job whose worker has left is asked for again at once, before the queue says so") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  const auto link = bench.join(bench.hello(token, "1", 1));
  bench.join(bench.hello(token, "2", 1));
  CHECK(new_jobs(bench, 2) == 0);
  bench.say(link, Bye{"the job was told to end (signal 15)"});
  CHECK(row(bench.core.status(0), "1").reason.find("told to end") != std::string::npos);
  CHECK(new_jobs(bench, 2) == 1);
  const auto more = bench.reply<JobsAccepted>().token;
  bench.handle(event::Submitted{more, {"3"}});
  CHECK(new_jobs(bench, 2) == 0);

  SUBCASE("the queue agrees") {
    bench.tick(30 * second);
    bench.handle(event::Polled{{seen("1", JobState::ended, "CANCELLED", "CANCELLED")}, true});
    CHECK(row(bench.core.status(0), "1").state == JobState::ended);
    CHECK(row(bench.core.status(0), "1").reason == "CANCELLED");
    CHECK(new_jobs(bench, 2) == 0);
  }
  SUBCASE("it was put back into the queue: it counts again, and its next worker is another one") {
    bench.tick(30 * second);
    bench.handle(event::Polled{{seen("1", JobState::pending, "PENDING", "BeginTime")}, true});
    CHECK(new_jobs(bench, 3) == 0);
    auto again = bench.hello(token, "1", 1);
    again.incarnation = "the second of 1";
    bench.join(again);
    CHECK(row(bench.core.status(0), "1").workers == "w0,w2");
    CHECK(row(bench.core.status(0), "1").reason.empty());
    CHECK(new_jobs(bench, 3) == 0);
  }
  SUBCASE("its worker calls again before the queue was asked") {
    auto again = bench.hello(token, "1", 1);
    again.incarnation = "the second of 1";
    bench.join(again);
    CHECK(new_jobs(bench, 3) == 0);
  }
}

TEST_CASE("a job of two nodes goes on while one of its workers is left") {
  Bench bench;
  SubmitJobs request;
  request.spec.adapter = "local";
  request.spec.nodes = 2;
  request.count = 1;
  request.pool = "default";
  bench.ask(request);
  const auto token = bench.reply<JobsAccepted>().token;
  bench.handle(event::Submitted{token, {"1"}});
  auto me = bench.hello(token, "1", 1), other = me;
  other.incarnation = "the other";
  const auto a = bench.join(me), b = bench.join(other);
  const auto asks = [&] {
    bench.ask(request);
    return bench.reply<JobsAccepted>().new_jobs;
  };
  bench.say(a, Bye{"told to"});
  CHECK(asks() == 0);
  bench.say(b, Bye{"told to"});
  CHECK(asks() == 1);
}
