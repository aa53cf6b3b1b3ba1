// Verbs against a fake launcher: what they ask, what they print, how they end.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "launcher/base/text.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/key.hpp"
#include "tests/cli/fake_launcher.hpp"

using namespace pcluster;
using Json = nlohmann::json;

namespace {

Progress done(std::uint32_t tasks, std::uint32_t failed = 0) {
  Progress p;
  p.workload = WorkloadId{7};
  p.tasks = tasks, p.done = tasks - failed, p.failed = failed, p.finished = true, p.slots = 1;
  return p;
}

}  // namespace

TEST_CASE("no launcher: 3, how to start one, and the same as JSON") {
  const Place place;
  auto ran = run_words({"status"});
  CHECK(ran.code == 3);
  CHECK(has(ran.err, "no launcher runs"));
  CHECK(has(ran.err, "pcluster submit"));
  ran = run_words({"--cluster", "big", "status", "--json"});
  CHECK(ran.code == 3);
  const auto error = Json::parse(ran.out)["error"];
  CHECK(error["code"] == 3);
  CHECK(has(error["hint"], "--cluster big"));
  CHECK(ran.err.empty());
  CHECK(run_words({"run", "--", "true"}).code == 125);  // its codes are the program's
  CHECK(run_words({"exec", "--on", "w0", "--", "true"}).code == 125);
  CHECK(run_words({"exec", "--on", "w0,w1", "--", "true"}).code == 3);
  CHECK(run_words({"exec", "--", "true"}).code == 2);  // what is wrong is told first
  CHECK(run_words({"events", "--since", "soon"}).code == 2);
  CHECK(run_words({"stop"}).code == 0);
}

TEST_CASE("wrong usage: 2, the nearest verb, help on stdout") {
  const Place place;
  auto ran = run_words({"stauts"});
  CHECK(ran.code == 2);
  CHECK(has(ran.err, "did you mean \"status\""));
  CHECK(run_words({"status", "wrokers"}).code == 2);
  CHECK(run_words({"--cluster", "a,b", "status"}).code == 2);
  CHECK(run_words({"map", "--trials", "0-3"}).code == 2);
  CHECK(run_words({"map", "--", "true"}).code == 2);  // no trials on stdin
  CHECK(run_words({}).code == 2);
  ran = run_words({"map", "--help"});
  CHECK(ran.code == 0);
  CHECK(has(ran.out, "examples:"));
  CHECK(run_words({"help", "map"}).out == ran.out);
  CHECK(has(run_words({"--version"}).out, "pcluster "));
}

TEST_CASE("the overview: every verb once, below a heading, and all of it on a screen") {
  const auto text = overview();
  const auto all = lines(text);
  CHECK(all.size() < 46);
  for (const auto& line : all) CHECK(line.size() <= 90);
  for (const auto* verb : verbs()) {
    INFO(verb->name);
    CHECK(std::ranges::count_if(all, [&](const std::string& line) {
            return line.starts_with("  " + std::string(verb->name) + " ");
          }) == 1);
  }
  for (const auto* first : {"submit", "map", "status", "doctor"}) {
    const auto at = text.find(std::string("\n  ") + first + " ");
    REQUIRE(at != text.npos);
    CHECK(text[at - 1] == ':');
  }
}

TEST_CASE("status: a document of workers, jobs or workloads") {
  const Place place;
  Status status;
  status.workers = {home(0, "1"), home(1, "2")};
  status.jobs = {job("1", JobState::running)};
  FakeLauncher fake(place.state().socket(),
                    [&](const Request&) { return std::vector<Reply>{status}; });
  auto ran = run_words({"status", "--json"});
  CHECK(ran.code == 0);
  CHECK(Json::parse(ran.out)["kind"] == "workers");
  CHECK(Json::parse(ran.out)["items"].size() == 2);
  CHECK(Json::parse(run_words({"status", "jobs", "--json"}).out)["items"].size() == 1);
  CHECK(has(run_words({"status"}).out, "2 workers"));
}

TEST_CASE("map: what is sent, progress, the end") {
  const Place place;
  FakeLauncher fake(place.state().socket(), [](const Request& request) -> std::vector<Reply> {
    const auto* add = std::get_if<AddWorkload>(&request);
    if (add == nullptr) return {Refusal{3, "unexpected", ""}};
    const auto tasks = task_count(add->spec.trials);
    return {WorkloadAccepted{WorkloadId{7}, tasks}, done(tasks)};
  });
  auto ran = run_words({"map", "--trials",  "0-9",  "--cores",        "2",         "--time",
                        "1m",  "--retries", "3",    "--max-failures", "20%",       "--env",
                        "A=b", "--threads", "keep", "--output",       "t-{trial}", "--chdir",
                        "/x",  "--",        "prog", "{trial}",        "--json"});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(has(ran.err, "10 done"));
  CHECK(ran.out.empty());
  ran = run_words({"map", "--detach", "--trials", "5", "--", "prog"});
  CHECK(ran.out == "7\n");
  const auto asked = of_kind<AddWorkload>(fake.asked());
  REQUIRE(asked.size() == 2);
  const auto& spec = asked[0].spec;
  CHECK(asked[0].follow);
  CHECK(spec.verb == "map");
  CHECK(spec.task.argv == std::vector<std::string>{"prog", "{trial}", "--json"});
  CHECK(spec.task.each.cores == 2);
  CHECK(spec.task.time_limit == 60 * second);
  CHECK(spec.task.keep_threads);
  CHECK(spec.task.directory == "/x");
  CHECK(spec.task.output == "/x/t-{trial}");
  CHECK(spec.retries == 3);
  CHECK(spec.max_failures == 2);
  CHECK(spec.task.environment.back() == std::pair<std::string, std::string>{"A", "b"});
  CHECK_FALSE(asked[1].follow);
  CHECK(asked[1].spec.task.directory == current_directory());
}

TEST_CASE("map: tables and lists are sent as columns; what is wrong is told before a launcher") {
  const Place place;
  const auto file = place.root() + "/T.CSV";
  write_file(file, "alpha,b\n1,x y\n");
  CHECK(run_words({"map", "-a", file, "--tag", "7", "--", "prog"}).code == 2);
  CHECK(has(run_words({"map", "-a", file, "--", "prog", "{alhpa}"}).err, "\"alpha\""));
  CHECK(run_words({"map", "-a", file, "--output", "{alhpa}", "--", "prog"}).code == 2);
  CHECK(run_words({"map", "--shell", "-a", file, "--", "prog", "{b}"}).code == 2);
  CHECK(run_words({"map", "-a", file, "--channels", "4", "--", "prog"}).code == 2);
  CHECK(run_words({"map", ":::", "a"}).code == 2);
  CHECK(run_words({"map", "--link", "--trials", "1", "--", "prog"}).code == 2);
  CHECK(run_words({"map", "-a", file, "--", "prog", "{alpha}"}).code == 3);
  FakeLauncher fake(place.state().socket(), [](const Request&) {
    return std::vector<Reply>{WorkloadAccepted{WorkloadId{7}, 1}, done(1)};
  });
  CHECK(run_words({"map", "-a", file, "--tag", "t-1", "--", "prog", "{alpha}"}).code == 0);
  CHECK(run_words({"map", "--shell", "prog", ":::", "a", "b"}).code == 0);
  const auto asked = of_kind<AddWorkload>(fake.asked());
  REQUIRE(asked.size() == 2);
  using Words = std::vector<std::string>;
  CHECK(asked[0].spec.task.columns == Words{"alpha", "b"});
  CHECK(std::get<TrialLines>(asked[0].spec.trials) == Words{"1\tx y"});
  CHECK(asked[0].spec.tag == "t-1");
  CHECK(asked[1].spec.task.argv == Words{"/bin/sh", "-c", "prog {}"});
  CHECK(asked[1].spec.task.columns == Words{"trial"});
}

TEST_CASE("map: failures are 1, a refusal keeps its code and words") {
  const Place place;
  FakeLauncher fake(place.state().socket(), [](const Request& request) -> std::vector<Reply> {
    const auto& spec = std::get<AddWorkload>(request).spec;
    if (spec.task.each.cores > 64) return {Refusal{2, "no worker has 65 cores", "ask for fewer"}};
    return {WorkloadAccepted{WorkloadId{7}, 10}, done(10, 3)};
  });
  auto ran = run_words({"map", "--trials", "0-9", "--json", "--", "x"});
  CHECK(ran.code == 1);
  CHECK(has(ran.err, "3 of 10 failed; see: pcluster results 7 --failed"));
  CHECK(Json::parse(ran.out)["items"][0]["failed"] == 3);
  ran = run_words({"map", "--trials", "0-9", "--cores", "65", "--", "x"});
  CHECK(ran.code == 2);
  CHECK(has(ran.err, "ask for fewer"));
}

TEST_CASE("run: the program's own code, 128 + signal, 125 for ours") {
  const Place place;
  for (const auto& [exit_code, signal, want] : {std::tuple{7, 0, 7}, {-1, 9, 137}, {0, 0, 125}}) {
    auto end = done(1, 1);
    end.first_exit_code = exit_code, end.first_signal = signal;
    FakeLauncher fake(place.state().socket(), [end](const Request&) {
      return std::vector<Reply>{WorkloadAccepted{WorkloadId{7}, 1}, end};
    });
    CHECK(run_words({"run", "-np", "4", "prog", "-np", "x"}).code == want);
    const auto asked = of_kind<AddWorkload>(fake.asked());
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].spec.task.ranks == 4);
    CHECK(asked[0].spec.task.argv == std::vector<std::string>{"prog", "-np", "x"});
  }
}

TEST_CASE("a Ctrl-C cancels the workload, waits for its end, and is 130") {
  const Place place;
  FakeLauncher fake(place.state().socket(), [](const Request& request) -> std::vector<Reply> {
    Progress begun;
    begun.workload = WorkloadId{7};
    begun.tasks = begun.running = 2, begun.slots = 2;
    if (std::holds_alternative<AddWorkload>(request)) {
      raise(SIGINT);  // of this process, which is the client's, too
      return {WorkloadAccepted{WorkloadId{7}, 2}, begun};
    }
    auto end = begun;
    end.running = 0, end.cancelled = 2, end.finished = true;
    return {Accepted{}, end};
  });
  const auto ran = run_words({"map", "--trials", "0-1", "--", "sleep", "100"});
  INFO(ran.err);
  CHECK(ran.code == 130);
  CHECK(has(ran.err, "2 of 2 cancelled"));
  REQUIRE(of_kind<CancelWorkload>(fake.asked()).size() == 1);
}

TEST_CASE("stop waits for the end and removes the key") {
  const Place place;
  make_key(place.state().key());
  FakeLauncher fake(place.state().socket(), [](const Request&) {
    return std::vector<Reply>{Stopping{2, 2}};
  });
  const auto ran = run_words({"stop"});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(has(ran.err, "2 jobs, 2 workers"));
  CHECK_FALSE(exists(place.state().key()));
}

TEST_CASE("cancel names a workload or a task") {
  const Place place;
  FakeLauncher fake(place.state().socket(),
                    [](const Request&) { return std::vector<Reply>{Accepted{}}; });
  CHECK(run_words({"cancel", "7.3"}).code == 0);
  CHECK(run_words({"cancel"}).code == 2);
  CHECK(run_words({"cancel", "seven"}).code == 2);
  const auto asked = of_kind<CancelWorkload>(fake.asked());
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].what.workload == WorkloadId{7});
  CHECK(asked[0].what.index == 3u);
}

TEST_CASE("--output of several tasks must tell them apart; logs says where such output is") {
  const Place place;
  auto ran = run_words({"map", "--trials", "0-9", "--output", "all.out", "--", "x"});
  CHECK(ran.code == 2);
  CHECK(has(ran.err, "all.out-{trial}"));
  FakeLauncher fake(place.state().socket(), [](const Request&) -> std::vector<Reply> {
    return {WorkloadAccepted{WorkloadId{7}, 1}, done(1)};
  });
  CHECK(run_words({"map", "--trials", "5", "--output", "all.out", "--", "x"}).code == 0);
  CHECK(run_words({"map", "--trials", "0-9", "--output", "/dev/null", "--", "x"}).code == 0);
  CHECK(run_words({"map", "--trials", "0-9", "--output", "{index}", "--", "x"}).code == 0);
}

TEST_CASE("a Ctrl-C while a slow launcher accepts: its answer is awaited, then cancelled") {
  for (const bool detach : {false, true}) {
    const Place place;
    FakeLauncher fake(place.state().socket(), [&](const Request& request) -> std::vector<Reply> {
      if (std::holds_alternative<AddWorkload>(request)) {
        kill(getpid(), SIGINT);
        usleep(1'300'000);  // a disk that takes its time
        return {WorkloadAccepted{WorkloadId{7}, 2}};
      }
      auto end = done(2);
      end.done = 0, end.cancelled = 2;
      return {Accepted{}, end};
    });
    std::vector<std::string> words{"map", "--trials", "0-1", "--", "sleep", "100"};
    if (detach) words.insert(words.begin() + 1, "--detach");
    const auto ran = run_words(words);
    INFO(ran.err);
    CHECK(ran.code == 130);
    CHECK(has(ran.err, "waiting for the launcher, to cancel what it accepted"));
    CHECK(of_kind<CancelWorkload>(fake.asked()).size() == 1);
  }
}

TEST_CASE("a second Ctrl-C leaves a launcher that does not answer, and says what may be left") {
  const Place place;
  FakeLauncher fake(place.state().socket(), [](const Request&) -> std::vector<Reply> {
    kill(getpid(), SIGINT);
    usleep(200'000);
    kill(getpid(), SIGINT);
    usleep(1'000'000);
    return {};
  });
  const auto ran = run_words({"map", "--trials", "0-1", "--", "sleep", "100"});
  CHECK(ran.code == 130);
  CHECK(has(ran.err, "pcluster status"));
}
