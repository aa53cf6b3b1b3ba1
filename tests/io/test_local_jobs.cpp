// Local jobs, for real: started, listed, ended, also those that do not want to.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <sstream>
#include <thread>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/local_jobs.hpp"

using namespace pcluster;

namespace {

std::vector<std::string> call(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  auto* before = std::cout.rdbuf(out.rdbuf());
  int code = -1;
  try {
    code = run_local_jobs(arguments);
  } catch (...) {
    std::cout.rdbuf(before);
    throw;
  }
  std::cout.rdbuf(before);
  CHECK(code == 0);
  return lines(out.str());
}

bool within(int seconds, const std::function<bool()>& holds) {
  for (int i = 0; i < seconds * 100; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

struct Place {
  explicit Place(const std::string& body) {
    char path[] = "/tmp/pcluster-jobs-XXXXXX";
    directory = mkdtemp(path);
    make_directories(directory + "/jobs");
    write_file(script(), body, 0600);  // no x: its interpreter is started
    name = "pcl-test-" + std::to_string(getpid()) + "-" + directory.substr(directory.size() - 6);
  }
  ~Place() {
    call(joined({"cancel"}, ids));
    within(7, [&] { return alive().empty(); });
    while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
    remove_tree(directory);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  static std::vector<std::string> joined(std::vector<std::string> words,
                                         const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::string script() const { return directory + "/jobs/t.sh"; }
  std::string output(const std::string& end) const {
    return read_file_if_there(directory + "/jobs/t" + end).value_or("");
  }
  void submit(int count) {
    ids = call({"submit", "--count", std::to_string(count), "--name", name, script()});
  }
  std::vector<std::string> alive() const { return call({"status", "other", name}); }

  std::string directory, name;
  std::vector<std::string> ids;
};

}  // namespace

TEST_CASE("three jobs: ids, environment, outputs, listing, an end") {
  Place place(
      "#!/bin/sh -u\n"
      "trap 'echo bye; exit 0' TERM\n"
      "echo $PCLUSTER_JOB_ID $PCLUSTER_JOB_INDEX $PCLUSTER_JOB_NAME $PWD\n"
      "sleep 60 & wait\n");
  place.submit(3);
  REQUIRE(place.ids.size() == 3);
  std::vector<std::string> listed;
  for (const auto& id : place.ids) listed.push_back(id + "|running|" + place.name + "|");
  const auto first = place.alive();
  CHECK(first.size() == 3);
  for (const auto& line : listed) CHECK(std::find(first.begin(), first.end(), line) != first.end());
  CHECK(call({"status", "other"}).empty());
  for (int i = 0; i < 3; ++i) {
    const auto index = std::to_string(i);
    const auto wanted =
        place.ids[i] + " " + index + " " + place.name + " " + place.directory + "\n";
    CHECK(within(5, [&] { return place.output("-" + index + ".out") == wanted; }));
  }
  call({"cancel", place.ids[1], "1.1"});
  CHECK(within(3, [&] { return place.alive().size() == 2; }));
  CHECK(place.output("-1.out").find("bye\n") != std::string::npos);
  CHECK(place.output("-0.out").find("bye\n") == std::string::npos);
  call({"cancel", place.ids[0], place.ids[2]});
  CHECK(within(3, [&] { return place.alive().empty(); }));
}

TEST_CASE("within an allocation there is one job, which has its id") {
  Place place("#!/bin/sh\necho $PCLUSTER_JOB_ID\nsleep 60 & wait\n");
  const auto allocation = "12[3]-" + place.directory.substr(place.directory.size() - 6);
  const std::vector<std::string> words{"submit",   "--count",  "1",        "--name",
                                       place.name, "--within", allocation, place.script()};
  place.ids = call(words);
  REQUIRE(place.ids.size() == 1);
  CHECK(place.ids[0].starts_with(allocation + "+"));
  CHECK(within(5, [&] { return place.output(".out") == place.ids[0] + "\n"; }));
  CHECK(place.alive() == std::vector<std::string>{place.ids[0] + "|running|" + place.name + "|"});
  try {
    call(words);
    FAIL("a second set of workers");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("has workers already: job " + place.ids[0]) !=
          std::string::npos);
  }
  call({"cancel", allocation, "1+1"});  // neither is its id
  CHECK(place.alive().size() == 1);
  call({"cancel", place.ids[0]});
  CHECK(within(3, [&] { return place.alive().empty(); }));
  auto two = words;
  two[2] = "2";
  CHECK_THROWS_AS(call(two), Error);
}

TEST_CASE("what does not end is killed, also in a session of its own, and nobody waits for it") {
  Place place(
      "#!/bin/sh\n"
      "trap '' TERM\n"
      "setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' &\n"
      "while :; do sleep 1; done\n");
  place.submit(1);
  REQUIRE(within(5, [&] { return !place.output(".out").empty(); }));
  const auto other = static_cast<pid_t>(*to_integer(trim(place.output(".out"))));
  CHECK(place.alive().size() == 1);  // the second session is none of our jobs
  const auto before = std::chrono::steady_clock::now();
  call({"cancel", place.ids[0]});
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(1));
  CHECK(place.alive().size() == 1);
  CHECK(within(8, [&] { return place.alive().empty() && kill(other, 0) != 0; }));
}

TEST_CASE("a job that ends by itself is not listed, and its id is not taken for another process") {
  Place place("#!/bin/sh\necho done\n");
  place.submit(1);
  CHECK(within(5, [&] { return place.alive().empty(); }));
  CHECK(within(5, [&] { return place.output(".out") == "done\n"; }));
  const auto mine = std::to_string(getpid()) + ".1";  // our pid, another start time
  call({"cancel", mine});
  CHECK(call({"cancel"}).empty());
}

TEST_CASE("what cannot start is an error with a remedy") {
  const auto error_of = [](const std::vector<std::string>& arguments) -> std::string {
    try {
      run_local_jobs(arguments);
      return "started";
    } catch (const Error& error) {
      CHECK_FALSE(error.hint().empty());
      return error.what();
    }
  };
  Place place("#!/no/such/shell\n");
  const auto submit = [&](const std::string& path, const std::string& count) {
    return error_of({"submit", "--count", count, "--name", place.name, path});
  };
  CHECK(submit(place.script(), "1").find("interpreter \"/no/such/shell\"") != std::string::npos);
  write_file(place.script(), "#!/bin/sh\n", 0600);
  make_directories(place.directory + "/jobs/t-1.out");  // no file can be made there
  CHECK(submit(place.script(), "2").find("does not start: Is a directory") != std::string::npos);
  CHECK(within(3, [&] { return place.alive().empty(); }));
  CHECK(submit("t.sh", "1").find("is not DIR/jobs/TOKEN.sh") != std::string::npos);
  CHECK(submit(place.script(), "0").find("called by pcluster itself") != std::string::npos);
  CHECK(error_of({}).find("called by pcluster itself") != std::string::npos);
  CHECK(error_of({"submit", place.script()}).find("called by pcluster") != std::string::npos);
}
