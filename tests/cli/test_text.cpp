// What people read: trials, waiting, progress, tables; and when waiting is over.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/base/error.hpp"
#include "launcher/cli/arrival.hpp"
#include "launcher/cli/machine.hpp"
#include "launcher/cli/progress_text.hpp"
#include "launcher/cli/status_tables.hpp"
#include "launcher/cli/table.hpp"
#include "launcher/cli/trials.hpp"

using namespace pcluster;

namespace {

std::string bad_trials(std::string_view text) {
  try {
    parse_trials(text);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    CHECK_FALSE(error.hint().empty());
    return error.what();
  }
  FAIL("no Error for ", text);
  return {};
}

Progress progress(std::uint32_t tasks, std::uint32_t done, std::uint32_t failed = 0,
                  std::uint32_t cancelled = 0) {
  Progress p;
  p.workload = WorkloadId{7};
  p.tasks = tasks, p.done = done, p.failed = failed, p.cancelled = cancelled;
  p.finished = done + failed + cancelled == tasks;
  return p;
}

JobRow job(std::string id, JobState state, std::string reason = "", std::string workers = "") {
  return {"tok", std::move(id), "default", state, std::move(reason), std::move(workers), 0, ""};
}

WorkerRow worker(std::uint32_t id, std::string job_id, std::string host,
                 std::string state = "idle") {
  WorkerRow row;
  row.worker = WorkerId{id};
  row.host = std::move(host), row.job_id = std::move(job_id), row.state = std::move(state);
  row.pool = "default";
  return row;
}

const Expected three{"default", "tok", 3, 3, 1};

}  // namespace

TEST_CASE("trials: ranges with both ends, steps, negatives, lists") {
  CHECK(std::get<TrialRange>(parse_trials("0-499")) == TrialRange{0, 499, 1});
  CHECK(std::get<TrialRange>(parse_trials("0-90:10")) == TrialRange{0, 90, 10});
  CHECK(std::get<TrialRange>(parse_trials("7")) == TrialRange{7, 7, 1});
  CHECK(std::get<TrialRange>(parse_trials("-5--1")) == TrialRange{-5, -1, 1});
  CHECK(std::get<TrialRange>(parse_trials("9-0:-3")) == TrialRange{9, 0, -3});
  CHECK(std::get<TrialLines>(parse_trials("1-3, 8,20-30:5")) ==
        TrialLines{"1", "2", "3", "8", "20", "25", "30"});
}

TEST_CASE("trials that cannot be are told with the reason") {
  CHECK(bad_trials("3-0").find("no trial") != std::string::npos);
  CHECK(bad_trials("0-9:0").find("step") != std::string::npos);
  CHECK(bad_trials("a-b").find("\"a\"") != std::string::npos);
  CHECK(bad_trials("1,,2").find("missing") != std::string::npos);
  bad_trials("");
  bad_trials("0-");
  bad_trials("0-9:");
  bad_trials("0-99999999999,1");
}

TEST_CASE("plain words may be set into a shell line") {
  CHECK(is_plain_word("sub-01_run.nii:3"));
  for (const auto* text : {"", "a b", "$(x)", "a;b", "it's", "*"}) CHECK_FALSE(is_plain_word(text));
}

TEST_CASE("waiting and progress look as the users know them") {
  CHECK(waiting_text(0, 10, 2'400'000) == "0/10 workers available, waiting.. 2s");
  CHECK(waiting_text(3, 10, 90 * second) == "3/10 workers available, waiting.. 1m30s");
  constexpr std::size_t wide = 79;
  CHECK(bar_text(progress(1000, 580), 52'300'000, wide) ==
        "[#######################                 ] | 58% Completed | 52.3s | 37s left");
  CHECK(bar_text(progress(100, 95, 5), 10 * second, wide)
            .ends_with("] | 100% Completed | 10.0s | 5 failed"));
  auto idle = progress(10, 0);
  idle.note = "no worker has 64 cores\033[2J";
  CHECK(bar_text(idle, second, wide).find("no worker has 64 cores\\x1b[2J") != std::string::npos);
  CHECK(progress_text(progress(1000, 580, 3), 50 * second) ==
        "580 of 1000 done, 3 failed, 50.0s, 35s left");
  CHECK(bar_text(Progress{}, 0, wide).ends_with("0% Completed | 0.0s"));  // no division by 0
}

TEST_CASE("a bar gives way to what is said beside it") {
  const auto half = progress(1000, 580);
  CHECK(bar_text(half, 52'300'000, 50) == "[#######      ] | 58% Completed | 52.3s | 37s left");
  CHECK(bar_text(half, 52'300'000, 30) == "58% Completed | 52.3s | 37s left");
  for (std::size_t columns = 33; columns < 120; ++columns)
    CHECK(bar_text(half, 52'300'000, columns).size() <= columns);
}

TEST_CASE("the end in one line") {
  CHECK(ended_text(progress(1000, 1000)) == "1000 done");
  CHECK(ended_text(progress(1000, 997, 3)) == "3 of 1000 failed; see: pcluster results 7 --failed");
  CHECK(ended_text(progress(10, 2, 0, 8)) == "8 of 10 cancelled");
  auto stopped = progress(10, 2, 3, 5);
  stopped.stopped_by_failures = true;
  CHECK(ended_text(stopped).find("--max-failures reached") != std::string::npos);
}

TEST_CASE("absent jobs are grouped by what they wait for") {
  const std::vector<JobRow> jobs{
      job("1", JobState::pending, "Priority"), job("2", JobState::pending, "Priority"),
      job("3", JobState::running), job("4", JobState::running, "", "w0")};
  CHECK(absent_jobs_text(jobs) == "2 pending (Priority), 1 running");
}

TEST_CASE("workers have come when all are home; lost ones are not") {
  Status status;
  status.jobs = {job("1", JobState::running), job("2", JobState::running),
                 job("3", JobState::running)};
  status.workers = {worker(0, "1", "a"), worker(1, "2", "b"), worker(2, "3", "a", "away")};
  auto arrival = look(status, three);
  CHECK(arrival.home == 2);
  CHECK_FALSE(arrival.complete);
  CHECK_FALSE(arrival.hopeless);  // job 3 runs: its worker may come back
  CHECK(arrival.absent.size() == 1);
  status.workers[2].state = "busy";
  arrival = look(status, three);
  CHECK(arrival.complete);
  CHECK(arrival.hosts == 2);
}

TEST_CASE("other pools' workers and jobs do not count") {
  Status status;
  status.workers = {worker(0, "1", "a")};
  status.workers[0].pool = "wide";
  status.jobs = {job("1", JobState::running)};
  status.jobs[0].pool = "wide";
  const auto arrival = look(status, three);
  CHECK(arrival.home == 0);
  CHECK(arrival.hopeless);
}

TEST_CASE("no more can come when all jobs have ended, or the scheduler refused them") {
  Status status;
  status.jobs = {job("1", JobState::ended, "NonZeroExitCode"), job("2", JobState::ended),
                 job("3", JobState::ended)};
  auto arrival = look(status, three);
  CHECK(arrival.hopeless);
  CHECK_FALSE(arrival.refused);
  CHECK(arrival.died.size() == 3);
  status.jobs.push_back(job("4", JobState::pending));  // a replacement that will die, too
  CHECK(look(status, three).hopeless);
  status.jobs.clear();
  status.submit_error = "invalid account";
  CHECK(look(status, three).refused);
  status.jobs = {job("", JobState::submitting)};
  arrival = look(status, three);
  CHECK_FALSE(arrival.hopeless);
  CHECK_FALSE(arrival.queued);
}

TEST_CASE("a job of several nodes is home with all of them") {
  Status status;
  status.jobs = {job("1", JobState::running)};
  status.workers = {worker(0, "1", "a")};
  const Expected two{"default", "tok", 2, 1, 2};
  CHECK(look(status, two).absent.size() == 1);
  status.workers.push_back(worker(1, "1", "b"));
  CHECK(look(status, two).complete);
}

TEST_CASE("tables are aligned, cut at the width, and nothing in them drives the terminal") {
  const Table table{{{"name"}, {"n", true}}, {{"a", "1"}, {"größe", "100"}, {"\033[31mx", "2"}}};
  CHECK(show(table) ==
        "name         n\n"
        "a            1\n"
        "größe      100\n"
        "\\x1b[31mx    2\n");
  CHECK(show(table, 6) == "name\na\ngröße\n\\x1b[3\n");
}

TEST_CASE("a status for people") {
  Status status;
  status.cluster = "default", status.host = "login", status.version = "0.1.0", status.pid = 42;
  status.workers = {worker(0, "1", "a", "busy"), worker(1, "2", "b", "gone")};
  status.workers[0].slots = 4, status.workers[0].busy = 3;
  status.jobs = {job("1", JobState::running, "", "w0")};
  status.submit_error = "refused\a";
  const auto text = status_text(status, 0);
  CHECK(text.find("cluster default on login") == 0);
  CHECK(text.find("1 worker, 3 of 4 slots busy") != std::string::npos);
  CHECK(text.find("not confined") != std::string::npos);
  CHECK(text.find("refused\\x07") != std::string::npos);
}

TEST_CASE("this host's size from the kernel's words") {
  CHECK(total_memory_mb("MemFree: 1 kB\nMemTotal:       16314532 kB\n") == 15932u);
  CHECK_FALSE(total_memory_mb("nothing"));
  CHECK(memory_limit_mb("1073741824\n") == 1024u);
  CHECK_FALSE(memory_limit_mb("max\n"));
  CHECK(core_limit("150000 100000\n") == 2u);
  CHECK_FALSE(core_limit("max 100000\n"));
  CHECK(this_host().cores >= 1);
}
