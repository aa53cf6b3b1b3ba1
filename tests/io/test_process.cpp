// Commands: their output, their ends, their time limit; and processes that outlive us.
// SPDX-License-Identifier: MIT
#include "launcher/io/process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "launcher/base/text.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

using Argv = std::vector<std::string>;

CommandOutput blocking(const Argv& argv, const CommandOptions& options) {
  return run_command(argv, options);
}

CommandOutput on_loop(const Argv& argv, const CommandOptions& options) {
  Loop loop;
  CommandOutput result;
  bool inside = true;
  run_command(loop, argv, options, [&](CommandOutput output) {
    CHECK_FALSE(inside);  // never from within the call
    result = std::move(output);
    loop.stop();
  });
  inside = false;
  loop.run();
  return result;
}

bool gone(pid_t pid) {  // ended: without a trace, or waiting for init
  for (int i = 0; i < 200; ++i) {
    const auto stat = read_file_if_there("/proc/" + std::to_string(pid) + "/stat");
    if (!stat || stat->find(") Z ") != std::string::npos) return true;
    usleep(10'000);
  }
  return false;
}

}  // namespace

TEST_CASE("commands, blocking and on the loop") {
  CommandOutput (*run)(const Argv&, const CommandOptions&) = nullptr;
  SUBCASE("blocking") { run = blocking; }
  SUBCASE("on the loop") { run = on_loop; }

  auto result = run({"sh", "-c", "echo out; echo err >&2; exit 3"}, {});
  CHECK(result.exit_code == 3);
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");

  result = run({"cat"}, {.input = std::string(1'000'000, 'x')});
  CHECK(result.out.size() == 1'000'000);
  CHECK(run({"cat"}, {}).out.empty());

  result = run({"no-such-program-at-all"}, {});
  CHECK(result.exit_code == 127);
  CHECK(result.err.find("no-such-program-at-all") != std::string::npos);

  const Scratch scratch;  // it is there, but cannot be started: not the same as not found
  write_file(scratch / "bad",
             "\x7f"
             "ELF of nothing",
             0755);
  result = run({scratch / "bad"}, {});
  CHECK(result.exit_code == 126);
  CHECK(result.err.find("Exec format") != std::string::npos);

  CHECK(run({"sh", "-c", "kill -9 $$"}, {}).exit_code == -1);
  CHECK(run({"printenv", "COLOUR"}, {.environment = {"COLOUR=blue=ish"}}).out == "blue=ish\n");
  CHECK(run({"true", "$(false)"}, {}).exit_code == 0);

  result = run({"head", "-c", "9000000", "/dev/zero"}, {});
  CHECK(result.exit_code == 0);
  CHECK(result.out.size() == (4u << 20));
}

TEST_CASE("a daemon that keeps the output open holds nobody up") {
  CommandOutput (*run)(const Argv&, const CommandOptions&) = nullptr;
  SUBCASE("blocking") { run = blocking; }
  SUBCASE("on the loop") { run = on_loop; }
  Loop clock;
  const auto before = clock.now();
  const auto result = run({"sh", "-c", "sleep 5 & echo $!"}, {});
  CHECK(clock.now() - before < 2 * second);
  CHECK(result.exit_code == 0);
  const auto pid = to_integer(trim(result.out));
  REQUIRE(pid);
  CHECK(kill(static_cast<pid_t>(*pid), SIGKILL) == 0);
}

TEST_CASE("the time limit ends the whole group, also what ignores TERM") {
  CommandOutput (*run)(const Argv&, const CommandOptions&) = nullptr;
  SUBCASE("blocking") { run = blocking; }
  SUBCASE("on the loop") { run = on_loop; }
  Loop clock;
  const auto before = clock.now();
  const auto result = run({"sh", "-c", "trap '' TERM; sleep 30 & echo $! $$; wait"},
                          {.timeout = 200 * millisecond});
  CHECK(clock.now() - before < 2 * second);
  CHECK(result.timed_out);
  CHECK(result.exit_code == -1);
  const auto pids = split(trim(result.out), ' ');
  REQUIRE(pids.size() == 2);
  for (const auto& pid : pids) CHECK(gone(std::stoi(pid)));
}

TEST_CASE("many commands at once on one loop, which goes on meanwhile") {
  Loop loop;
  int done = 0, ticks = 0;
  for (int i = 0; i < 20; ++i)
    run_command(loop, {"sh", "-c", "sleep 0.1; echo " + std::to_string(i)}, {},
                [&, i](CommandOutput output) {
                  CHECK(output.out == std::to_string(i) + "\n");
                  ++done;
                });
  std::function<void()> tick = [&] {
    ++ticks;
    loop.at(loop.now() + 5 * millisecond, tick);
  };
  tick();
  CHECK(run_until(loop, [&] { return done == 20; }));
  CHECK(ticks > 5);
}

TEST_CASE("detached: a session of its own, its log, no descriptor of ours, no child of ours") {
  const Scratch scratch;
  int inherited[2];
  REQUIRE(pipe(inherited) == 0);  // without close-on-exec, as a careless shell leaves them
  const int pid = start_detached(
      {"sh", "-c",
       "echo $PPID_TEST; ls /proc/self/fd | wc -l; ps -o sid= -p $$ || true; exec sleep 30"},
      scratch / "log", {"PPID_TEST=set"});
  REQUIRE(pid > 0);
  for (int i = 0; i < 300 && lines(read_file(scratch / "log")).size() < 2; ++i) usleep(10'000);
  const auto log = lines(read_file(scratch / "log"));
  REQUIRE(log.size() >= 2);
  CHECK(log[0] == "set");
  CHECK(trim(log[1]) == "4");  // 0, 1, 2, and ls's own
  CHECK(getsid(pid) != getsid(0));
  CHECK(waitpid(pid, nullptr, WNOHANG) == -1);
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);  // nothing is left to wait for
  CHECK(kill(pid, SIGKILL) == 0);
  CHECK(gone(pid));
  close(inherited[0]);
  close(inherited[1]);
  CHECK(error_of([] { start_detached({"no-such-program-at-all"}, ""); }).code() == Exit::refused);
  write_file(scratch / "bad",
             "\x7f"
             "ELF of nothing",
             0755);
  CHECK(std::string(error_of([&] { start_detached({scratch / "bad"}, ""); }).what())
            .find("Exec format") != std::string::npos);
}
