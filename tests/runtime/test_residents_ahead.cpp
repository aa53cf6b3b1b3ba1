// Residents that get trials before they have answered: whose answer is whose, and what an end
// leaves.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>

#include "launcher/io/file.hpp"
#include "mpi-runtime/tasks.hpp"

using namespace pcluster;

namespace {

// READY with so many in advance, then ANSWER for each trial, whose number is $n.
std::string program(int ahead, const std::string& answer) {
  return "echo '{\"ready\":true,\"ahead\":" + std::to_string(ahead) +
         "}' >&4; while read -r line <&3; do n=${line#*trial\\\":\\\"}; n=${n%%\\\"*}; " + answer +
         "; done";
}
const std::string says_n = "echo \"{\\\"done\\\":true,\\\"result\\\":{\\\"n\\\":$n}}\" >&4";

// As the agent would: a queue, of which one at a time is started in the only slot.
struct Worker {
  explicit Worker(const std::string& script)
      : tasks(
            loop, facts_of(top), {}, 1, [this](const std::string& text) { said += text + "\n"; },
            [this](TaskResult result) {
              keep(std::move(result));
              start();
            },
            [](const InputWanted&) {}, [](const ChannelBytes&) {},
            {[this](const AttemptId&, std::uint32_t most) {
               std::vector<TaskStart> given;
               for (; given.size() < most && !queue.empty(); queue.pop_front())
                 given.push_back(make(queue.front()));
               most_ahead_given = std::max(most_ahead_given, given.size());
               if (on_given) on_given(given);
               return given;
             },
             [this](std::vector<TaskResult> all, const std::optional<AttemptId>& next) {
               for (auto& result : all) keep(std::move(result));
               if (!next) start();
             },
             [this](const std::vector<TaskStart>& starts) {
               for (auto one = starts.rbegin(); one != starts.rend(); ++one)
                 queue.push_front(one->attempt.task.index);
             }}) {
    tasks.welcome(WorkerId{3}, top + "/spool");
    task.argv = {"sh", "-c", script};
    task.environment = {{"PATH", "/usr/bin:/bin"}};
    task.resident = true;
  }
  ~Worker() {
    tasks.signal_all(SIGKILL);
    turn([this] { return tasks.running() == 0; });
    remove_tree(top);
  }
  static AttemptId id(std::uint32_t index) { return {{WorkloadId{7}, index}, 1, 1}; }
  TaskStart make(std::uint32_t index) const {
    return {id(index), std::to_string(index), task.argv, "", &task, 1, {1, 1, 0}, {}};
  }
  void start() {
    if (queue.empty()) return;
    const auto index = queue.front();
    queue.pop_front();
    tasks.start(make(index));
  }
  void keep(TaskResult result) {
    const auto index = result.attempt.task.index;
    ++answers[index];
    results[index] = std::move(result);
  }
  template <class Condition>
  bool turn(Condition met) {
    for (Time end = loop.now() + 20 * second; !met() && loop.now() < end;) {
      loop.at(loop.now() + millisecond, [this] { loop.stop(); });
      loop.run();
    }
    return met();
  }
  void run(std::uint32_t trials) {
    for (std::uint32_t i = 0; i < trials; ++i) queue.push_back(i);
    start();
    CHECK(turn([&] { return results.size() == trials; }));
    for (const auto& [index, count] : answers) CHECK(count == 1);
  }
  std::string output(std::uint32_t index) {
    tasks.output().flush();
    std::string all;
    for (const auto& piece : find_output({top}, WorkloadId{7}, index)) all += read_piece(piece);
    return all;
  }

  std::string top = made_directory();
  Loop loop;
  TaskTemplate task;
  std::deque<std::uint32_t> queue;
  std::map<std::uint32_t, TaskResult> results;
  std::map<std::uint32_t, int> answers;
  std::size_t most_ahead_given = 0;
  std::function<void(const std::vector<TaskStart>&)> on_given;
  std::string said;
  Tasks tasks;

 private:
  static std::string made_directory() {
    char name[] = "/tmp/pcluster-test-ahead-XXXXXX";
    return mkdtemp(name);
  }
  static WorkerFacts facts_of(const std::string& directory) {
    WorkerFacts facts;
    facts.local_directory = directory;
    facts.environment = {"HOME=/tmp"};
    return facts;
  }
};

bool has(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("trials in advance: each answer is that of its trial, in order of their times") {
  Worker worker(program(16, says_n));
  worker.run(500);
  Micros last = 0;
  for (const auto& [index, result] : worker.results) {
    REQUIRE(result.columns == "{\"n\":" + std::to_string(index) + "}");
    REQUIRE(result.state == TaskState::done);
    REQUIRE(last <= result.start_unix);
    REQUIRE(result.start_unix <= result.end_unix);
    last = result.end_unix;
  }
  CHECK(worker.most_ahead_given > 1);
  CHECK(worker.most_ahead_given <= 16);
  CHECK(worker.results[100].max_rss_kb > 0);
  CHECK(worker.tasks.running() == 1);
}

TEST_CASE("who says nothing of it, or takes long, gets one trial at a time") {
  Worker plain(program(0, says_n));
  plain.run(30);
  CHECK(plain.most_ahead_given == 0);
  Worker slow(program(16, "sleep 0.02; " + says_n));
  slow.run(20);
  CHECK(slow.most_ahead_given == 0);
}

TEST_CASE("a crash fails the trial in hand alone; those that waited in the pipe run elsewhere") {
  Worker worker(program(16, "[ $n = 250 ] && kill -SEGV $$; " + says_n));
  worker.run(500);
  for (const auto& [index, result] : worker.results) {
    CAPTURE(index);
    REQUIRE((result.state == TaskState::done) == (index != 250));
  }
  CHECK(worker.results[250].message == "the resident ended: signal 11");
}

TEST_CASE("an answer that is none fails its trial alone") {
  Worker worker(program(16, "[ $n = 99 ] && echo nonsense >&4 || " + says_n));
  worker.run(200);
  for (const auto& [index, result] : worker.results)
    REQUIRE((result.state == TaskState::done) == (index != 99));
  CHECK(has(worker.results[99].message, "it is not JSON"));
}

TEST_CASE("one that says that it takes no more costs none of those that waited") {
  Worker worker(program(16,
                        "if [ $((n % 50)) = 49 ]; then echo '{\"done\":true,\"last\":true}' >&4; "
                        "exit; fi; " +
                            says_n));
  worker.run(300);
  for (const auto& [index, result] : worker.results) REQUIRE(result.state == TaskState::done);
}

TEST_CASE("output in an answer is its trial's; who prints gets one trial at a time from then on") {
  Worker worker(program(16, "echo \"{\\\"done\\\":true,\\\"output\\\":\\\"<$n>\\\"}\" >&4"));
  worker.run(200);
  for (std::uint32_t index : {0u, 57u, 199u})
    CHECK(worker.output(index) == "<" + std::to_string(index) + ">");
  Worker prints(program(16, "[ $n -ge 100 ] && echo \"[$n]\"; " + says_n));
  prints.run(300);
  for (std::uint32_t index : {150u, 222u, 299u})
    CHECK(prints.output(index) == "[" + std::to_string(index) + "]\n");
  CHECK(has(prints.said, "it gets one at a time now"));
}

TEST_CASE("a signal to a trial that waits comes when it is in hand, and ends no other") {
  Worker worker(program(16, "[ -e $PCLUSTER_LOCAL_DIR/hang.$n ] && sleep 1000; " + says_n));
  std::uint32_t hangs = 0;
  worker.on_given = [&](const std::vector<TaskStart>& given) {
    if (hangs > 0 || given.size() < 3) return;
    hangs = given[1].attempt.task.index;
    write_file(worker.top + "/hang." + std::to_string(hangs), "");
    worker.loop.post([&] { worker.tasks.signal(Worker::id(hangs), SIGTERM); });
  };
  worker.run(1000);
  REQUIRE(hangs > 0);
  for (const auto& [index, result] : worker.results) {
    CAPTURE(index);
    REQUIRE((result.state == TaskState::done) == (index != hangs));
  }
  CHECK(worker.results[hangs].signal == SIGTERM);
}
