// The worker's hands when things go wrong: no descriptor left, no spool.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <cstdlib>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "mpi-runtime/tasks.hpp"

using namespace pcluster;

namespace {

// So many descriptors can still be opened, while it lives.
struct FewFiles {
  explicit FewFiles(int count) {
    getrlimit(RLIMIT_NOFILE, &before);
    std::vector<Fd> open_ones;
    for (int i = 0; i < count; ++i) open_ones.emplace_back(open("/dev/null", O_RDONLY));
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(open_ones.back().get()) + 1;
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewFiles() { setrlimit(RLIMIT_NOFILE, &before); }
  rlimit before{};
};

struct OneSlot {
  OneSlot() {
    task.argv = {"sh"};
    task.environment = {{"PATH", "/usr/bin:/bin"}};
  }
  ~OneSlot() { remove_tree(top); }

  void start(std::uint32_t index, const std::string& script) {
    tasks.start(
        {{{WorkloadId{7}, index}, 1, 1}, "", {"sh", "-c", script}, "", &task, 1, {1, 1, 0}});
  }
  void turn_until(std::size_t count) {
    for (Time end = loop.now() + 20 * second; results.size() < count && loop.now() < end;) {
      loop.at(loop.now() + millisecond, [this] { loop.stop(); });
      loop.run();
    }
    REQUIRE(results.size() == count);
  }

  std::string top = made_directory();
  Loop loop;
  TaskTemplate task;
  std::vector<TaskResult> results;
  std::vector<InputWanted> wanted;
  Tasks tasks{loop,
              facts_of(top),
              {},
              1,
              [](const std::string&) {},
              [this](TaskResult result) { results.push_back(std::move(result)); },
              [this](const InputWanted& one) { wanted.push_back(one); }};

 private:
  static std::string made_directory() {
    char name[] = "/tmp/pcluster-test-tasks-XXXXXX";
    return mkdtemp(name);
  }
  static WorkerFacts facts_of(const std::string& directory) {
    WorkerFacts facts;
    facts.local_directory = directory;
    return facts;
  }
};

}  // namespace

TEST_CASE("a task that finds no descriptor gives its slot back, and the next one is whole") {
  OneSlot one;
  one.tasks.welcome(WorkerId{3}, one.top + "/spool");
  {
    const FewFiles three(3);  // one pipe, not two
    one.start(0, "true");
  }
  REQUIRE(one.results.size() == 1);
  CHECK(one.results[0].exit_code == 125);
  CHECK(one.results[0].message.find("no pipe for a task's output") == 0);
  one.start(1, "echo out; echo err >&2");
  one.turn_until(2);
  CHECK(one.results[1].message.empty());
  CHECK(one.results[1].exit_code == 0);
  std::vector<TaskResult> told = one.results;
  one.tasks.output().vouch_for(told);
  CHECK(read_file(one.top + "/spool/w3.data").size() == 8);
}

TEST_CASE("a second welcome, after a spool that could not be opened, leaves the seats alone") {
  OneSlot one;
  write_file(one.top + "/file", "");
  CHECK_THROWS_AS(one.tasks.welcome(WorkerId{3}, one.top + "/file/spool"), Error);
  one.start(0, "sleep 0.3");
  one.tasks.welcome(WorkerId{3}, one.top + "/spool");
  one.start(1, "true");  // the agent never asks for more than there are
  REQUIRE(one.results.size() == 1);
  CHECK(one.results[0].message.find("no free slots") == 0);
  one.turn_until(2);
  one.start(2, "true");
  one.turn_until(3);
  CHECK(one.results[2].exit_code == 0);
}

TEST_CASE("an mpiexec that failed to say what it is, is asked again by the next workload") {
  OneSlot one;
  write_file(one.top + "/mpiexec",
             "#!/bin/sh\nif [ -e " + one.top + "/asked ]; then echo HYDRA; exit 0; fi\n: > " +
                 one.top + "/asked\nexit 1\n",
             0755);
  const std::string path = one.top + ":/usr/bin:/bin";
  one.task.ranks = 2;
  one.task.environment = {{"PATH", path}};
  TaskStart start{{{WorkloadId{7}, 0}, 1, 1}, "", {"prog"}, "", &one.task, 1, {1, 1, 0}};
  Recipes recipes({}, "node1", [](const std::string&) {});
  CHECK(recipes.of(start).before.size() == 3);  // mpiexec -np 2
  start.attempt.task.workload = WorkloadId{8};
  CHECK(recipes.of(start).before.size() == 5);  // -launcher fork, too
}

TEST_CASE("a task reads what it is fed; the next one has an empty input again") {
  OneSlot one;
  one.tasks.welcome(WorkerId{0}, one.top + "/spool");
  one.task.input = true;
  one.start(0, "read a; read b || test $a$b = onetwo");
  REQUIRE(one.wanted.size() == 1);
  one.tasks.feed({one.wanted[0].attempt, "one\ntwo", true, 0});
  one.turn_until(1);
  CHECK(one.results[0].exit_code == 0);
  one.task.input = false;
  one.start(1, "! read a");
  one.turn_until(2);
  CHECK(one.results[1].exit_code == 0);
  one.task.input = true;
  one.start(2, "exec no-such-program");  // what was opened for it is closed with it
  one.turn_until(3);
  CHECK(one.wanted.size() == 2);
}
