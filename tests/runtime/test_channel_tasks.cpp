// Programs that talk over $PCLUSTER_CHANNEL, as a worker runs them.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdlib>

#include "launcher/io/file.hpp"
#include "mpi-runtime/tasks.hpp"

using namespace pcluster;

namespace {

struct Worker {
  Worker() {
    task.environment = {{"PATH", "/usr/bin:/bin"}};
    task.channel = true;
    tasks.welcome(WorkerId{3}, top + "/spool");
  }
  ~Worker() { remove_tree(top); }

  void start(const std::string& script) {
    tasks.start({id, "", {"sh", "-c", script}, "", &task, 1, {1, 1, 0}, {}});
  }
  template <class Until>
  void turn(Until until, Micros most = 20 * second) {
    for (const Time late = loop.now() + most; !until() && loop.now() < late;) {
      loop.at(loop.now() + millisecond, [this] { loop.stop(); });
      loop.run();
    }
  }
  void wait_for(const std::string& bytes) {
    turn([&] { return got == bytes; });
    CHECK(got == bytes);
  }
  bool ended() {
    turn([&] { return !results.empty(); });
    return !results.empty();
  }
  void take_all() { tasks.taken({id, got.size(), 512 << 10, false}); }

  std::string top = made_directory(), got;
  bool end = false;
  AttemptId id{{WorkloadId{7}, 0}, 1, 1};
  Loop loop;
  TaskTemplate task{{"sh"}};
  std::vector<TaskResult> results;
  Tasks tasks{loop,
              facts_of(top),
              {},
              1,
              [](const std::string&) {},
              [this](TaskResult result) { results.push_back(std::move(result)); },
              [](const InputWanted&) {},
              [this](const ChannelBytes& bytes) {
                if (bytes.at == got.size()) got += bytes.bytes;
                end = end || bytes.end;
              }};

 private:
  static std::string made_directory() {
    char name[] = "/tmp/pcluster-test-channel-XXXXXX";
    return mkdtemp(name);
  }
  static WorkerFacts facts_of(const std::string& directory) {
    WorkerFacts facts;
    facts.local_directory = directory;
    return facts;
  }
};

}  // namespace

TEST_CASE("a program talks to its client, beside its own output, until its input ends") {
  Worker worker;
  worker.start(
      "echo $PCLUSTER_CHANNEL; cat; ls /proc/self/fd | tr '\\n' ' '; while read x <&3; do echo "
      "got $x >&4; done; echo bye >&4; exit 3");
  worker.tasks.feed({worker.id, "one\n", false, 0});
  worker.wait_for("got one\n");
  worker.tasks.feed({worker.id, "two\n", true, 4});
  worker.wait_for("got one\ngot two\nbye\n");
  worker.turn([&] { return worker.end; });
  CHECK(worker.end);
  worker.turn([] { return false; }, 20 * millisecond);
  CHECK(worker.results.empty());  // its client has not said that it has this
  worker.take_all();
  REQUIRE(worker.results.size() == 1);
  CHECK(worker.results[0].exit_code == 3);
  worker.tasks.output().vouch_for(worker.results);
  CHECK(read_file(worker.top + "/spool/w3.data") == "3,4\n0 1 2 3 4 5 ");  // 5: ls's own
}

TEST_CASE("more than pipe and window hold is the client's when its program has ended") {
  Worker worker;
  worker.start("head -c 3000000 /dev/zero >&4");
  worker.turn([&] {
    worker.take_all();
    return !worker.results.empty();
  });
  CHECK(worker.got.size() == 3'000'000);
}

TEST_CASE("a program that ignores its channel ends as any, and so does one that cannot start") {
  Worker worker;
  worker.tasks.feed({worker.id, "nobody reads this", false, 0});
  worker.start("exec true");
  REQUIRE(worker.ended());
  CHECK(worker.results[0].exit_code == 0);
  worker.results.clear();
  worker.task.directory = "/no/such/directory";
  worker.start("exec true");
  REQUIRE(worker.results.size() == 1);
  CHECK(worker.results[0].exit_code == 125);
}

TEST_CASE("a task whose client takes nothing ends when it is told to") {
  Worker worker;
  worker.start("echo bytes >&4");
  worker.wait_for("bytes\n");
  worker.turn([] { return false; }, 50 * millisecond);
  CHECK(worker.results.empty());
  CHECK(worker.tasks.running() == 0);
  worker.tasks.signal(worker.id, SIGTERM);
  CHECK(worker.results.size() == 1);
  worker.results.clear();
  worker.start("while :; do echo bytes >&4; done");
  worker.turn([&] { return worker.got.size() > 100; });
  worker.tasks.signal(worker.id, SIGKILL);
  REQUIRE(worker.ended());
  CHECK(worker.results[0].signal == SIGKILL);
}
