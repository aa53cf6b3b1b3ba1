// `submit` against a fake launcher: waiting, giving up, saying why.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/key.hpp"
#include "tests/cli/fake_launcher.hpp"

using namespace pcluster;
using Json = nlohmann::json;

namespace {

// Answers a submit; then `looks` gives each status, the last one for ever.
FakeLauncher::Answer submits(std::vector<Status> looks, std::uint32_t workers) {
  return
      [looks, workers, at = std::size_t{0}](const Request& request) mutable -> std::vector<Reply> {
        if (std::holds_alternative<SubmitJobs>(request))
          return {JobsAccepted{"tok", workers, workers, "default"}};
        if (std::holds_alternative<GetStatus>(request))
          return {looks[std::min(at++, looks.size() - 1)]};
        if (std::holds_alternative<CancelJobs>(request)) return {Accepted{}};
        return {Refusal{3, "unexpected", ""}};
      };
}

}  // namespace

TEST_CASE("submit: says what it asks for, waits, and says when all are home") {
  const Place place;
  Status one, two;
  one.jobs = two.jobs = {job("1", JobState::running), job("2", JobState::running)};
  one.workers = {home(0, "1")};
  two.workers = {home(0, "1"), home(1, "2")};
  FakeLauncher fake(place.state().socket(), submits({one, two}, 2));
  const auto ran =
      run_words({"submit", "--jobs", "2", "--cores", "1", "-m", "1G", "--idle-timeout", "5m"});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(has(ran.err, "2 jobs x (1 node, 1 core, 1 GB) = 2 slots of 1 core, 1 GB"));
  CHECK(has(ran.err, "1/2 workers available, waiting.. 0s"));
  CHECK(has(ran.err, "2/2 workers available (2 hosts), 0."));
  const auto asked = of_kind<SubmitJobs>(fake.asked());
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].count == 2);
  CHECK(asked[0].spec.adapter == "local");
  CHECK(asked[0].spec.per_node == Resources{1, 1024, 0});
  CHECK(asked[0].idle_timeout == 300 * second);
  CHECK(asked[0].spec.worker_binary.starts_with('/'));
  CHECK_FALSE(asked[0].spec.job_template.empty());
}

TEST_CASE("submit: at the timeout with enough workers 0, with none 4 and what was queued goes") {
  const Place place;
  Status some, none;
  some.jobs = none.jobs = {job("1", JobState::running), job("2", JobState::pending, "Priority")};
  none.jobs[0].state = JobState::pending, none.jobs[0].reason = "Priority";
  some.workers = {home(0, "1")};
  {
    FakeLauncher fake(place.state().socket(), submits({some}, 2));
    const auto ran = run_words({"submit", "--jobs", "2", "--timeout", "100ms", "--json"});
    CHECK(ran.code == 0);
    CHECK(has(ran.err, "1/2 workers available, starting; 1 pending (Priority)"));
    CHECK(Json::parse(ran.out)["items"].size() == 1);
    CHECK(of_kind<CancelJobs>(fake.asked()).empty());
  }
  for (const bool keep : {false, true}) {
    FakeLauncher fake(place.state().socket(), submits({none}, 2));
    std::vector<std::string> words{"submit", "--jobs", "2", "--timeout", "100ms"};
    if (keep) words.emplace_back("--keep-queued");
    const auto ran = run_words(words);
    CHECK(ran.code == 4);
    CHECK(has(ran.err, "2 pending (Priority)"));
    CHECK(has(ran.err, keep ? "stay queued" : "cancelled"));
    const auto cancelled = of_kind<CancelJobs>(fake.asked());
    CHECK(cancelled.size() == (keep ? 0 : 1));
    if (!keep) CHECK(cancelled[0].tokens == std::vector<std::string>{"tok"});
    if (!keep) CHECK_FALSE(cancelled[0].queued_only);  // a job without worker burns core-hours
  }
}

TEST_CASE("submit: a refusal is 3 with the scheduler's words; dead workers are 4 with their log") {
  const Place place;
  Status refused, dead;
  refused.submit_error = "Invalid account", refused.submit_hint = "name yours with --account";
  const auto log = place.root() + "/tok.out";
  write_file(log, "line\nmodule: command not found\n");
  dead.jobs = {job("1", JobState::ended, "NonZeroExitCode", log)};
  {
    FakeLauncher fake(place.state().socket(), submits({refused}, 1));
    const auto ran = run_words({"submit"});
    CHECK(ran.code == 3);
    CHECK(has(ran.err, "Invalid account"));
    CHECK(has(ran.err, "--account"));
  }
  FakeLauncher fake(place.state().socket(), submits({dead}, 1));
  const auto ran = run_words({"submit"});
  CHECK(ran.code == 4);
  CHECK(has(ran.err, "module: command not found"));
  CHECK(has(ran.err, log));
  CHECK(has(ran.err, "NonZeroExitCode"));
}

TEST_CASE("submit --dry-run prints script and command, and asks nobody") {
  const Place place;
  const auto ran = run_words({"submit", "--jobs", "3", "--setup", "echo set-up", "--dry-run"});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(has(ran.out, "echo set-up"));
  CHECK(has(ran.out, "local-jobs submit"));
  CHECK_FALSE(exists(place.state().key()));
  CHECK_FALSE(exists(place.state().launcher()));
}

TEST_CASE("render: what submit --dry-run prints, into a file if wanted") {
  const Place place;
  const auto dry = run_words({"submit", "--jobs", "3", "--setup", "echo set-up", "--dry-run"});
  auto ran = run_words({"render", "--jobs", "3", "--setup", "echo set-up"});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.out == dry.out);
  CHECK(ran.err == dry.err);
  const auto file = place.root() + "/job.sh";
  ran = run_words({"render", "--jobs", "3", "--setup", "echo set-up", "--output", file});
  CHECK(ran.code == 0);
  CHECK(ran.out.empty());
  CHECK(dry.out.starts_with(read_file(file)));
  CHECK(has(run_words({"render", "--json"}).out, "\"command\""));
  CHECK_FALSE(exists(place.state().key()));
}
