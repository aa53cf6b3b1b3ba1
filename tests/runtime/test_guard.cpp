// The guard: whoever is killed, nothing is left.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mpi-runtime/guard.hpp"
#include "mpi-runtime/lives.hpp"
#include "mpi-runtime/process_tree.hpp"
#include "rig.hpp"

using namespace pcluster;

namespace {

constexpr int daemons = 30;

// A guard in a process of its own, whose worker runs two tasks that fork daemons.
pid_t start_guard(const std::string& number) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  int code = run_under_guard([&number] {
    Rig rig;
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, nullptr);
    std::string script = "for i in $(seq " + std::to_string(daemons) + "); do setsid sleep " +
                         number + " >/dev/null 2>&1 & done; exec sleep " + number;
    rig.start(0, {"/bin/sh", "-c", script});
    rig.start(1, {"sleep", number});
    for (;;) {
      rig.turn(1 * millisecond);
      sigset_t waiting;
      sigpending(&waiting);
      if (sigismember(&waiting, SIGTERM)) return 9;
    }
  });
  _exit(code);
}

pid_t worker_of(pid_t guard, const std::string& number) {
  for (int i = 0; i < 2000 && sleepers(number).size() < daemons + 2; ++i) usleep(2000);
  REQUIRE(sleepers(number).size() == daemons + 2);
  auto children = children_of(guard);
  REQUIRE(children.size() == 1);
  return children[0];
}

int wait_for(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_CASE("the worker's code is the guard's") {
  for (int code : {0, 3}) {
    pid_t pid = fork();
    if (pid == 0) _exit(run_under_guard([code] { return code; }));
    CHECK(wait_for(pid) == code);
  }
}

TEST_CASE("kill -9 of the worker: nothing is left, and the guard says so") {
  auto number = unique_number();
  pid_t guard = start_guard(number);
  kill(worker_of(guard, number), SIGKILL);
  CHECK(wait_for(guard) == 128 + SIGKILL);
  CHECK(sleepers(number).empty());  // all gone before the guard ends
}

TEST_CASE("a worker that is killed is followed by another while its guard is asked; TERM ends it") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t guard = fork();
  if (guard == 0) {
    int life = 1;
    _exit(run_under_guard(
        [&] {
          for (int one : {SIGTERM, SIGABRT}) signal(one, SIG_DFL);  // not doctest's
          const pid_t me = getpid();
          if (write(ends[1], &me, sizeof me) != sizeof me) return 1;
          for (;;) pause();
        },
        [&](int signal) { return signal == SIGKILL && ++life <= 4; }));
  }
  const auto next = [&] {
    pid_t pid = 0;
    REQUIRE(read(ends[0], &pid, sizeof pid) == sizeof pid);
    return pid;
  };
  for (int life = 1; life <= 3; ++life) kill(next(), SIGKILL);
  const pid_t last = next();
  SUBCASE("it was asked, and said no") {
    kill(last, SIGKILL);
    CHECK(wait_for(guard) == 128 + SIGKILL);
  }
  SUBCASE("the job is to end") {
    kill(guard, SIGTERM);  // on to the worker, which dies of it here
    CHECK(wait_for(guard) == 128 + SIGTERM);
  }
  SUBCASE("it ended by a signal of its own") {
    kill(last, SIGABRT);
    CHECK(wait_for(guard) == 128 + SIGABRT);
  }
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("who may live again: not who never was home, and not too often") {
  Lives lives("g");
  CHECK(lives.incarnation() == "g.1");
  CHECK_FALSE(lives.another(false, 0));
  CHECK(lives.incarnation() == "g.1");
  int at_once = 0;
  while (lives.another(true, 0)) ++at_once;
  CHECK(at_once == 20);
  CHECK(lives.incarnation() == "g.21");
  CHECK_FALSE(lives.another(true, 400 * millisecond));
  CHECK(lives.another(true, 500 * millisecond));
  // One in 0.8 s, as long as it may be.
  Micros now = second;
  for (int i = 0; i < 1000; ++i) CHECK(lives.another(true, now += 800 * millisecond));
}

TEST_CASE("kill -9 of the guard: the worker ends all and itself") {
  auto number = unique_number();
  pid_t guard = start_guard(number);
  pid_t worker = worker_of(guard, number);
  kill(guard, SIGKILL);
  CHECK(wait_for(guard) == -SIGKILL);
  CHECK(gone_within(number, 2 * second));
  for (int i = 0; i < 500 && kill(worker, 0) == 0 && process_state(worker) != 'Z'; ++i)
    usleep(2000);
  CHECK((kill(worker, 0) != 0 || process_state(worker) == 'Z'));
}

TEST_CASE("TERM to the guard is TERM to the worker") {
  auto number = unique_number();
  pid_t guard = start_guard(number);
  worker_of(guard, number);
  kill(guard, SIGTERM);
  CHECK(wait_for(guard) == 9);
  CHECK(sleepers(number).empty());
}
