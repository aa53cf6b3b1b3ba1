// Residents with their worker: trials, seats, ends.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>

#include <cstdlib>
#include <map>

#include "launcher/io/file.hpp"
#include "mpi-runtime/tasks.hpp"

using namespace pcluster;

namespace {

// A program for sh: READY, then ANSWER for each trial, whose line is $line.
std::string program(const std::string& answer) {
  return "echo '{\"ready\":true}' >&4; while read -r line <&3; do " + answer + "; done";
}
const std::string tells_pid = "echo \"{\\\"done\\\":true,\\\"result\\\":{\\\"pid\\\":$$}}\" >&4";
const std::string done = "echo '{\"done\":true}' >&4";

struct Worker {
  explicit Worker(std::uint32_t slots)
      : tasks(
            loop, facts_of(top), {}, slots,
            [this](const std::string& text) { said += text + "\n"; },
            [this](TaskResult result) {
              const auto index = result.attempt.task.index;
              results[index] = std::move(result);
              if (on_result) on_result(index);
            },
            [](const InputWanted&) {}) {
    tasks.welcome(WorkerId{3}, top + "/spool");
  }
  ~Worker() {
    tasks.signal_all(SIGKILL);
    turn([this] { return tasks.running() == 0; });
    remove_tree(top);
  }

  TaskTemplate& resident(std::uint32_t workload, const std::string& script) {
    auto& task = templates[workload];
    task.argv = {"sh", "-c", script};
    task.environment = {{"PATH", "/usr/bin:/bin"}};
    task.resident = true;
    return task;
  }
  AttemptId start(std::uint32_t workload, std::uint32_t index, const std::string& trial = "",
                  std::vector<GangPart> gang = {}) {
    const auto& task = templates[workload];
    const AttemptId attempt{{WorkloadId{workload}, index}, 1, 1};
    tasks.start({attempt, trial, task.argv, "", &task, 1, {1, 1, 0}, std::move(gang)});
    return attempt;
  }
  template <class Condition>
  bool turn(Condition met) {
    for (Time end = loop.now() + 20 * second; !met() && loop.now() < end;) {
      loop.at(loop.now() + millisecond, [this] { loop.stop(); });
      loop.run();
    }
    return met();
  }
  const TaskResult& result(std::uint32_t index) {
    REQUIRE(turn([&] { return results.contains(index); }));
    return results[index];
  }
  // The trial's output, both streams.
  std::string output(const AttemptId& attempt) {
    tasks.output().flush();
    std::string all;
    for (const auto& piece : find_output({top}, attempt.task.workload, attempt.task.index))
      all += read_piece(piece);
    return all;
  }

  std::string top = made_directory();
  Loop loop;
  std::map<std::uint32_t, TaskTemplate> templates;
  std::map<std::uint32_t, TaskResult> results;
  std::function<void(std::uint32_t)> on_result;
  std::string said;
  Tasks tasks;

 private:
  static std::string made_directory() {
    char name[] = "/tmp/pcluster-test-residents-XXXXXX";
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
  CAPTURE(text);
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("one process serves one trial after another; its environment tells of none of them") {
  Worker worker(1);
  auto& task = worker.resident(7, "env | sort | grep PCLUSTER_; " + program(tells_pid));
  task.columns = {"colour"};
  const auto first = worker.start(7, 0, "red");
  const auto pid = worker.result(0).columns;
  CHECK(worker.result(0).state == TaskState::done);
  CHECK(worker.output(first) ==
        "PCLUSTER_CLUSTER=\nPCLUSTER_CORES=1\nPCLUSTER_LOCAL_DIR=" + worker.top +
            "\nPCLUSTER_MEM_MB=1\nPCLUSTER_RESIDENT=3,4\nPCLUSTER_RESIDENT_NAME=w3-1\n"
            "PCLUSTER_WORKER=w3\nPCLUSTER_WORKLOAD=7\n");
  worker.on_result = [&](std::uint32_t index) {
    if (index < 20) worker.start(7, index + 1);
  };
  worker.start(7, 1);
  CHECK(worker.result(20).columns == pid);
  CHECK(worker.tasks.running() == 1);
  CHECK(worker.said.empty());
}

TEST_CASE("output belongs to the trial in hand; what comes between two is the next one's") {
  Worker worker(1);
  worker.resident(7, "echo before; " + program("echo \"$line\" | cut -c 1-13; " + done +
                                               "; sleep 0.05; echo after"));
  const auto first = worker.start(7, 0);
  worker.result(0);
  worker.turn([end = worker.loop.now() + second / 5, &worker] { return worker.loop.now() >= end; });
  CHECK(worker.output(first) == "before\n{\"task\":\"7.0\"\n");
  const auto second = worker.start(7, 1);
  worker.result(1);
  CHECK(worker.output(second) == "after\n{\"task\":\"7.1\"\n");
}

TEST_CASE("a trial longer than a pipe holds arrives whole") {
  Worker worker(1);
  worker.resident(7,
                  program("echo \"{\\\"done\\\":true,\\\"result\\\":{\\\"n\\\":${#line}}}\" >&4"));
  worker.start(7, 0, std::string(300'000, 'x'));
  CHECK(worker.result(0).columns == "{\"n\":300059}");
  worker.start(7, 1, std::string(200'000, 'y'));
  CHECK(worker.result(1).columns == "{\"n\":200059}");
}

TEST_CASE("what does not speak the protocol is reported and ended") {
  Worker worker(1);
  const auto ends = [&](const std::string& script, const std::string& message) {
    CAPTURE(script);
    static std::uint32_t index = 0;
    worker.resident(++index, script).ready_within = second / 2;
    worker.start(index, index);
    const auto result = worker.result(index);
    CHECK(result.state == TaskState::failed);
    CHECK(result.exit_code == 125);
    CHECK(result.signal == 0);
    CHECK(has(result.message, message));
    CHECK(worker.turn([&] { return worker.tasks.running() == 0; }));
  };
  ends("sleep 1000", "has not said {\"ready\":true} within 0.5s");
  ends("echo hello", "ended with 0 and never said {\"ready\":true}");
  ends(done + "; sleep 1000", "answered before it said");
  ends("echo hello >&4; sleep 1000", "answered \"hello\": it is not JSON (docs/resident.md)");
  ends(program("exit 0"), "ended with 0 without an answer");
  ends(program("echo '{\"done\":1}' >&4"), "answered \"{\"done\":1}\": it says neither");
  ends(program("head -c 3000000 /dev/zero | tr '\\0' x >&4; sleep 1000"), "xxx...\": it is not");
}

TEST_CASE("a crash costs the trial in hand; the next one gets a new process") {
  Worker worker(1);
  worker.resident(7, program("case $line in *boom*) kill -SEGV $$;; esac; " + tells_pid));
  worker.start(7, 0);
  const auto pid = worker.result(0).columns;
  worker.start(7, 1, "boom");
  CHECK(worker.result(1).state == TaskState::failed);
  CHECK(worker.result(1).signal == SIGSEGV);
  CHECK(worker.result(1).message == "the resident ended: signal 11");
  worker.start(7, 2);
  CHECK(worker.result(2).state == TaskState::done);
  CHECK(worker.result(2).columns != pid);
  worker.resident(8, "exit 3");
  worker.start(8, 3);
  CHECK(worker.result(3).message == "the resident ended before it was ready: exit code 3");
  CHECK(worker.result(3).exit_code == 3);
}

TEST_CASE("a trial that its resident never took goes to a new one") {
  Worker worker(1);
  worker.resident(7, program(tells_pid + "; exit 0"));
  worker.on_result = [&](std::uint32_t index) {
    if (index < 5) worker.start(7, index + 1);
  };
  worker.start(7, 0);
  worker.result(5);
  for (const auto& [index, result] : worker.results) CHECK(result.state == TaskState::done);
  CHECK(worker.results[0].columns != worker.results[1].columns);
}

TEST_CASE("a trial fails without its resident; an answer nobody asked for is noted") {
  Worker worker(1);
  worker.resident(7, program("echo '{\"failed\":\"no root\"}' >&4; " + done));
  worker.start(7, 0);
  CHECK(worker.result(0).state == TaskState::failed);
  CHECK(worker.result(0).exit_code == 1);
  CHECK(worker.result(0).message == "no root");
  CHECK(worker.turn([&] { return has(worker.said, "w3-1 of workload 7 answered what nobody"); }));
  CHECK(worker.tasks.running() == 1);
  worker.resident(8, program("echo '{\"done\":true,\"task\":\"8.77\"}' >&4; sleep 0.1; " + done));
  worker.start(8, 1);
  CHECK(worker.result(1).state == TaskState::done);
  CHECK(has(worker.said, "8.77"));
}

TEST_CASE("an idle resident leaves its seat to what needs it") {
  Worker worker(2);
  worker.resident(7, program(tells_pid));
  worker.start(7, 0);
  worker.start(7, 1);
  worker.result(0), worker.result(1);
  CHECK(worker.results[0].columns != worker.results[1].columns);
  worker.resident(8, "exit 0").resident = false;
  worker.start(8, 2);
  CHECK(worker.result(2).state == TaskState::done);
  CHECK(worker.tasks.running() == 1);  // the other one stays
  worker.start(7, 3);
  const auto kept = worker.result(3).columns;
  CHECK((kept == worker.results[0].columns || kept == worker.results[1].columns));
}

TEST_CASE("an idle resident that heeds neither the end of its input nor TERM is killed") {
  Worker worker(1);
  worker.resident(7, "trap '' TERM; " + program(done) + "; sleep 1000");
  worker.start(7, 0);
  worker.result(0);
  worker.resident(8, "exit 0").resident = false;
  worker.start(8, 1);
  CHECK(worker.result(1).state == TaskState::done);
  CHECK(worker.tasks.running() == 0);
}

TEST_CASE("its workload's end, another gang and a new template end an idle resident") {
  Worker worker(1);
  worker.resident(7, program(tells_pid));
  worker.start(7, 0);
  worker.result(0);
  worker.tasks.end_residents(WorkloadId{8});
  worker.start(7, 1);
  CHECK(worker.result(1).columns == worker.results[0].columns);
  GangPart head, part;
  part.worker = WorkerId{4};
  worker.start(7, 2, "", {head, part});
  CHECK(worker.result(2).columns != worker.results[1].columns);
  worker.start(7, 3, "", {head, part});
  CHECK(worker.result(3).columns == worker.results[2].columns);
  worker.tasks.forget(WorkloadId{7});  // as for each Define
  worker.templates[7].directory = "/";
  worker.start(7, 4, "", {head, part});
  CHECK(worker.result(4).columns != worker.results[3].columns);
  worker.tasks.end_residents(WorkloadId{7});
  CHECK(worker.turn([&] { return worker.tasks.running() == 0; }));
  CHECK(worker.said.empty());
}

TEST_CASE("a signal to a trial ends its resident, or takes a waiting one back") {
  Worker worker(1);
  worker.resident(7, program("sleep 1000"));
  const auto busy = worker.start(7, 0);
  worker.loop.at(worker.loop.now() + second / 10, [&] { worker.tasks.signal(busy, SIGTERM); });
  CHECK(worker.result(0).state == TaskState::failed);
  CHECK(worker.turn([&] { return worker.tasks.running() == 0; }));
  worker.resident(8, "trap '' TERM; " + program(done) + "; sleep 1000");
  worker.start(8, 1);
  worker.result(1);
  const auto waiting = worker.start(7, 2);
  worker.tasks.signal(waiting, SIGTERM);
  CHECK(worker.result(2).message == "ended before it had started");
}

TEST_CASE("one that dies between two trials is only noted") {
  Worker worker(1);
  worker.resident(7, program(done + "; sleep 0.1; echo tired; exit 4"));
  worker.start(7, 0);
  CHECK(worker.result(0).state == TaskState::done);
  CHECK(worker.turn([&] { return worker.tasks.running() == 0; }));
  CHECK(has(worker.said, "ended by itself: exit code 4; it printed: tired"));
}
