// The worker process as a whole, against a launcher of few words.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include "fake_launcher.hpp"
#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/spool.hpp"
#include "mpi-runtime/worker.hpp"
#include "rig.hpp"

using namespace pcluster;

namespace {

TaskTemplate shell(const std::string& script) {
  TaskTemplate task;
  task.argv = {"/bin/sh", "-c", script};
  return task;
}

std::string output_of(const StateDirectory& directory, std::uint32_t workload, Stream stream) {
  std::string text;
  for (const auto& piece : find_output(directory, WorkloadId{workload}))
    if (piece.stream == stream) text += read_piece(piece);
  return text;
}

}  // namespace

TEST_CASE("a worker calls, runs what it is given, reports, and leaves when told") {
  WorkerProcess worker;
  usleep(50'000);  // it calls in vain at first: there is no launcher.json yet
  FakeLauncher launcher(worker.directory);
  launcher.welcome();
  const Hello& hello = launcher.hellos.front();
  CHECK(hello.token == "tok");
  CHECK(hello.job_id == "12_3");
  CHECK(hello.host == hostname());
  CHECK(hello.slots == 2);
  CHECK(hello.size.cores <= 2);
  CHECK(hello.size.memory_mb == 512);
  CHECK(hello.script_started_unix == 1763712000250000);
  CHECK_FALSE(hello.resumed);

  launcher.assign(7,
                  shell("echo out {trial} $PCLUSTER_TASK $PCLUSTER_WORKER; echo err {index} >&2; "
                        "echo '{\"t\": \"{trial}\"}' > $PCLUSTER_RESULT; "
                        "echo > $PCLUSTER_LOCAL_DIR/scratch; exit {index}"),
                  {"a", "b"});
  launcher.until([&] { return launcher.results.size() == 2; });
  REQUIRE(launcher.result(0));
  REQUIRE(launcher.result(1));
  CHECK(launcher.result(0)->state == TaskState::done);
  CHECK(launcher.result(0)->columns == "{\"t\":\"a\"}");
  CHECK(launcher.result(1)->state == TaskState::failed);
  CHECK(launcher.result(1)->exit_code == 1);
  // What a report tells is in the spool already.
  auto out = output_of(worker.directory, 7, Stream::out);
  CHECK(out.find("out a 7.0 w3\n") != std::string::npos);
  CHECK(out.find("out b 7.1 w3\n") != std::string::npos);
  CHECK(output_of(worker.directory, 7, Stream::err).size() == 12);

  TaskTemplate missing;
  missing.argv = {"no-such-command"};
  launcher.assign(8, missing, {"x"});
  launcher.until([&] { return launcher.results.size() == 3; });
  CHECK(launcher.results.back().exit_code == 127);
  CHECK(launcher.results.back().message.find("command not found on " + hostname() +
                                             ": no-such-command (PATH=") == 0);
  launcher.send(StopWorker{"the cluster stops"});
  launcher.until([&] { return !launcher.byes.empty(); });
  CHECK(worker.wait() == 0);
  CHECK(list_directory(worker.top + "/local").empty());
  CHECK(worker.log().find("launcher.json is not there") != std::string::npos);
  CHECK(worker.log().find("leaving: the cluster stops") != std::string::npos);
}

TEST_CASE("a lost connection: tasks go on, their results come with the next one") {
  WorkerProcess worker;
  FakeLauncher launcher(worker.directory);
  launcher.welcome();
  launcher.acknowledge = false;
  launcher.assign(7, shell("echo {trial}"), {"first"});
  launcher.until([&] { return launcher.results.size() == 1; });
  launcher.assign(8, shell("sleep 0.3; echo {trial}"), {"second"});
  launcher.until([&] { return true; });
  launcher.drop_link();
  launcher.until([&] { return launcher.hellos.size() == 2; });
  const Hello& again = launcher.hellos.back();
  REQUIRE(again.resumed);
  CHECK(*again.resumed == WorkerId{3});
  CHECK(again.incarnation == launcher.hellos.front().incarnation);
  CHECK(again.held.size() == 2);
  launcher.acknowledge = true;
  Welcome welcome;
  welcome.worker = WorkerId{3};
  welcome.epoch = 1;
  launcher.send(welcome);
  launcher.until([&] { return launcher.results.size() == 3; });  // the first again, and the second
  CHECK(output_of(worker.directory, 8, Stream::out) == "second\n");
}

TEST_CASE("kill -9 of the worker: its guard removes tasks and scratch, and the next one calls") {
  WorkerProcess worker;
  FakeLauncher launcher(worker.directory);
  launcher.welcome();
  const auto number = unique_number();
  launcher.assign(7,
                  shell("echo > $PCLUSTER_LOCAL_DIR/scratch; (setsid sleep " + number +
                        " &); exec sleep " + number),
                  {"x"});
  launcher.until([&] { return sleepers(number).size() == 2; });
  const auto first = launcher.hellos.front();
  const auto begin = launcher.loop.now();
  kill(static_cast<pid_t>(first.pid), SIGKILL);
  launcher.until([&] { return launcher.hellos.size() == 2; });
  CHECK(launcher.loop.now() - begin < second);
  CHECK(sleepers(number).empty());
  const auto next = launcher.hellos.back();
  CHECK_FALSE(next.resumed);
  CHECK(next.held.empty());
  CHECK(next.job_id == first.job_id);
  CHECK(first.incarnation.ends_with(".1"));
  CHECK(next.incarnation == first.incarnation.substr(0, first.incarnation.size() - 1) + "2");
  const auto scratch = worker.top + "/local/" + list_directory(worker.top + "/local").front();
  CHECK_FALSE(exists(scratch + "/scratch"));
  CHECK(worker.log().find("killed by signal 9; another one begins") != std::string::npos);
  // One that dies before it is home is not followed by another: the job ends.
  kill(static_cast<pid_t>(next.pid), SIGKILL);
  CHECK(worker.wait() == 128 + SIGKILL);
  CHECK(list_directory(worker.top + "/local").empty());
}

TEST_CASE("TERM: says Bye, ends its tasks, leaves with 0 and no trace") {
  WorkerProcess worker;
  FakeLauncher launcher(worker.directory);
  launcher.welcome();
  auto number = unique_number();
  launcher.assign(7, shell("trap '' TERM; (setsid sleep " + number + " &); exec sleep " + number),
                  {"x"});
  launcher.until([&] { return sleepers(number).size() == 2; });
  auto begin = launcher.loop.now();
  kill(worker.guard, SIGTERM);
  launcher.until([&] { return !launcher.byes.empty(); });
  CHECK(launcher.loop.now() - begin < second);  // at once, whatever the tasks do
  CHECK(launcher.byes.front().find("signal 15") != std::string::npos);
  CHECK(worker.wait() == 0);
  CHECK(launcher.loop.now() - begin < 5 * second);
  CHECK(launcher.results.empty());  // the tasks are lost with the worker, not failed
  CHECK(sleepers(number).empty());
  CHECK(list_directory(worker.top + "/local").empty());
}

TEST_CASE("a batch system that signals tasks and worker at once: the tasks are lost, not failed") {
  WorkerProcess worker;
  FakeLauncher launcher(worker.directory);
  launcher.welcome();
  auto number = unique_number();
  TaskTemplate task;
  task.argv = {"sleep", number};
  launcher.assign(7, task, {"x", "y"});
  launcher.until([&] { return sleepers(number).size() == 2; });
  for (pid_t sleeper : sleepers(number)) kill(sleeper, SIGTERM);
  usleep(50'000);  // a worker that is slow to hear of it
  kill(worker.guard, SIGTERM);
  launcher.until([&] { return !launcher.byes.empty(); });
  CHECK(worker.wait() == 0);
  CHECK(launcher.results.empty());
}

TEST_CASE("a task that somebody ended alone is reported as it ended") {
  WorkerProcess worker;
  FakeLauncher launcher(worker.directory);
  launcher.welcome();
  launcher.assign(7, shell("kill -TERM $$"), {"x"});
  launcher.until([&] { return launcher.results.size() == 1; });
  CHECK(launcher.results.front().state == TaskState::failed);
  CHECK(launcher.results.front().signal == SIGTERM);
}

TEST_CASE("a flood of output stays small in memory") {
  WorkerProcess worker;
  FakeLauncher launcher(worker.directory);
  launcher.welcome();
  launcher.assign(7, shell("head -c 100000000 /dev/zero"), {"x"});
  launcher.until([&] { return launcher.results.size() == 1; });
  std::size_t length = 0;
  for (const auto& piece : find_output(worker.directory, WorkloadId{7})) length += piece.length;
  CHECK(length == 100'000'000);
#ifndef PCLUSTER_SANITIZE  // they keep memory of their own
  auto status = read_file("/proc/" + std::to_string(launcher.hellos.front().pid) + "/status");
  auto peak = status.find("VmHWM:");
  REQUIRE(peak != std::string::npos);
  CHECK(std::stoul(status.substr(peak + 6)) < 48 * 1024);  // kB; the tests' program itself is large
#endif
}

TEST_CASE("a worker without work leaves when its cluster's key is gone") {
  WorkerProcess worker;
  {
    FakeLauncher launcher(worker.directory);
    launcher.welcome();
    launcher.until([&] { return true; });
    unlink(worker.directory.key().c_str());
    launcher.drop_link();
    launcher.until([&] { return true; });
  }
  CHECK(worker.wait() == 0);
  CHECK(worker.log().find("the cluster was stopped: its key is gone") != std::string::npos);
}

TEST_CASE("cancelled tasks get TERM, and are told as cancelled") {
  WorkerProcess worker;
  FakeLauncher launcher(worker.directory);
  launcher.welcome();
  auto number = unique_number();
  launcher.assign(7, shell("trap 'exit 0' TERM; sleep " + number + " & wait"), {"x"});
  launcher.until([&] { return sleepers(number).size() == 1; });
  launcher.send(CancelTasks{{{{WorkloadId{7}, 0}, 1, 1}}});
  launcher.until([&] { return launcher.results.size() == 1; });
  CHECK(launcher.results.front().state == TaskState::cancelled);
  CHECK(sleepers(number).empty());
}

TEST_CASE("an MPI task without mpiexec says what to load") {
  WorkerProcess worker;
  FakeLauncher launcher(worker.directory);
  launcher.welcome();
  TaskTemplate task;
  task.argv = {"hello"};
  task.ranks = 1;
  task.environment = {{"PATH", "/nowhere"}};
  launcher.assign(7, task, {"x"});
  launcher.until([&] { return launcher.results.size() == 1; });
  CHECK(launcher.results.front().exit_code == 125);
  CHECK(launcher.results.front().message.find("mpiexec not found on ") == 0);
}

TEST_CASE("a launcher that answers, but does not welcome, is called ever more rarely") {
  WorkerProcess worker;
  FakeLauncher launcher(worker.directory);
  const Time end = launcher.loop.now() + 2 * second;
  std::size_t calls = 0;
  launcher.until([&] {
    if (launcher.hellos.size() > calls) {
      calls = launcher.hellos.size();
      launcher.drop_link();
    }
    return launcher.loop.now() > end;
  });
  CHECK(calls >= 2);
  CHECK(calls <= 6);
  std::size_t said = 0;
  for (std::size_t at = 0; (at = worker.log().find("connection lost", at)) != std::string::npos;
       ++at)
    ++said;
  CHECK(said == 1);
}

TEST_CASE("a --local-directory that is not there is an error, and no other one is taken") {
  WorkerOptions options;
  options.directory = "/nowhere";
  options.cluster = "default";
  options.local_directory = "/nowhere/scratch";
  CHECK_THROWS_WITH_AS(run_worker(options),
                       ("cannot use --local-directory /nowhere/scratch on " + hostname() +
                        ": No such file or directory")
                           .c_str(),
                       Error);
}
