// The loop: timers in order, descriptors level-triggered, one end per turn, nothing while idle.
// SPDX-License-Identifier: MIT
#include "launcher/io/loop.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <vector>

#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

Micros cpu_used() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * second + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

}  // namespace

TEST_CASE("timers run in the order of their times, cancelled ones never") {
  Loop loop;
  std::string order;
  const auto now = loop.now();
  loop.at(now + 20 * millisecond, [&] { order += 'c'; });
  const auto cancelled = loop.at(now + 15 * millisecond, [&] { order += 'x'; });
  loop.at(now + 10 * millisecond, [&] {
    order += 'b';
    loop.cancel(cancelled);
  });
  loop.at(now - second, [&] { order += 'a'; });
  loop.at(now + 30 * millisecond, [&] { loop.stop(); });
  loop.run();
  CHECK(order == "abc");
  CHECK(loop.now() - now >= 30 * millisecond);
  loop.cancel(cancelled);
}

TEST_CASE("a timer set by a timer, and one earlier than the one that is waited for") {
  Loop loop;
  std::string order;
  loop.at(loop.now() + 40 * millisecond, [&] { order += 'z', loop.stop(); });
  loop.at(loop.now() + 5 * millisecond,
          [&] { loop.at(loop.now() + 5 * millisecond, [&] { order += 'a'; }); });
  loop.run();
  CHECK(order == "az");
}

TEST_CASE("a watch is level-triggered: what was not read comes again") {
  Loop loop;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  int calls = 0;
  loop.watch(ends[0], [&] {
    char byte = 0;
    CHECK(read(ends[0], &byte, 1) == 1);
    if (++calls == 3) loop.stop();
  });
  REQUIRE(write(ends[1], "abc", 3) == 3);
  run_until(loop, [&] { return calls == 3; });
  CHECK(calls == 3);
  loop.unwatch(ends[0]);
  REQUIRE(write(ends[1], "d", 1) == 1);
  run_for(loop, 10 * millisecond);
  CHECK(calls == 3);
  int again = 0;
  loop.watch(ends[0], [&] { ++again, loop.unwatch(ends[0]); });
  CHECK(run_until(loop, [&] { return again > 0; }));
  run_for(loop, 10 * millisecond);
  CHECK(again == 1);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("the number of a closed descriptor can be watched again") {
  Loop loop;
  int calls = 0;
  for (int i = 0; i < 3; ++i) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    loop.watch(ends[0], [&, fd = ends[0]] {
      ++calls;
      loop.unwatch(fd);
      close(fd);
    });
    close(ends[1]);  // its end is readable, too
    CHECK(run_until(loop, [&] { return calls == i + 1; }));
  }
}

TEST_CASE("posts of other threads arrive, and one turn ends once for many of them") {
  Loop loop;
  int posts = 0, turns = 0;
  loop.on_turn_end([&] { ++turns; });
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.post([&] { ++posts; });
    loop.post([&] { loop.stop(); });
  });
  other.join();
  loop.run();
  CHECK(posts == 100);
  CHECK(turns <= 3);
}

TEST_CASE("a signal is work like any other") {
  Loop loop;
  int got = 0;
  loop.on_signals({SIGUSR1, SIGUSR2}, [&](int number) { got = number, loop.stop(); });
  loop.post([] { kill(getpid(), SIGUSR2); });
  loop.run();
  CHECK(got == SIGUSR2);
  loop.post([] { kill(getpid(), SIGUSR1); });
  loop.run();
  CHECK(got == SIGUSR1);
}

TEST_CASE("an idle loop uses no processor time") {
  Loop loop;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  loop.watch(ends[0], [] { FAIL("nothing was written"); });
  const auto before = cpu_used();
  run_for(loop, 200 * millisecond);
  CHECK(cpu_used() - before < 5 * millisecond);
  loop.unwatch(ends[0]);
  close(ends[0]);
  close(ends[1]);
}
