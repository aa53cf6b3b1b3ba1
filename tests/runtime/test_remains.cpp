// What tasks leave behind is ended with them, and never disturbs the next task of the slot.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "rig.hpp"

using namespace pcluster;

TEST_CASE("a background process that holds the output does not delay the end") {
  Rig rig;
  auto number = unique_number();
  Time start = rig.loop.now();
  CHECK(rig.shell("echo hi; sleep " + number + " &").exit_code == 0);
  CHECK(rig.loop.now() - start < 1 * second);
  CHECK(rig.outputs.back() == "hi\n|");
  CHECK(sleepers(number).empty());
}

TEST_CASE("daemons, double forks and wiped environments end with their task") {
  const char* kinds[] = {
      "setsid sleep N >/dev/null 2>&1 & sleep 0.002",
      "(setsid sleep N & ) ; sleep 0.002",
      "env -i setsid sleep N & sleep 0.003",
      "(env -i setsid sleep N & ) ; sleep 0.003",
      "for i in 1 2 3 4 5; do setsid sh -c 'sleep N & sleep N; true' & done; sleep 0.01",
  };
  for (int run = 0; run < 2 * static_cast<int>(std::size(kinds)); ++run) {
    std::string script = kinds[run / 2];
    CAPTURE(script);
    Rig rig;
    rig.own_session = run % 2 == 0;
    auto number = unique_number();
    script = replace_all(script, "N", number);
    int left = 10;
    rig.on_end = [&](const Ended& end) {
      if (--left > 0) rig.start(end.slot, {"/bin/sh", "-c", script});
    };
    rig.shell(script);
    rig.wait_for_ends(10);
    rig.turn(20 * millisecond);
    CHECK(gone_within(number, 5 * second));
  }
}

TEST_CASE("a loop that keeps forking is ended with its task") {
  Rig rig;
  auto number = unique_number();
  for (int i = 0; i < 5; ++i) rig.shell("(while :; do sleep " + number + " & done) & sleep 0.02");
  CHECK(gone_within(number, 5 * second));
}

TEST_CASE("what other tasks left adopted while they run stays alive") {
  Rig rig;
  auto number = unique_number();
  std::string flag = "/tmp/pcluster-test-flag-" + number;
  rig.start(1, {"/bin/sh", "-c",
                "(setsid sleep " + number + " &); while [ ! -e " + flag +
                    " ]; do sleep 0.01; done; echo over"});
  REQUIRE(appear(number, 1));
  for (int i = 0; i < 20; ++i) rig.run({"true"});
  CHECK(sleepers(number).size() == 1);
  write_file(flag, "");
  rig.wait_for_ends(21);
  unlink(flag.c_str());
  CHECK(rig.outputs.back() == "over\n|");
  CHECK(gone_within(number, 5 * second));
}

TEST_CASE("400 tasks that leave late writers: no foreign lines") {
  Rig rig(2);
  int started = 0;
  auto next = [&](std::uint32_t slot) {
    std::string id = std::to_string(started++);
    rig.start(slot, {"/bin/sh", "-c",
                     "echo start " + id + "; (sleep 0.01; echo late " + id +
                         ") & (while :; do echo spam " + id + " >&2; done) & echo end " + id});
  };
  rig.on_end = [&](const Ended& end) {
    if (started < 400) next(end.slot);
  };
  next(0);
  next(1);
  rig.wait_for_ends(400);
  int foreign = 0;
  for (const auto& text : rig.outputs) {
    auto bar = text.find('|');
    auto out = lines(text.substr(0, bar));
    REQUIRE(out.size() >= 2);
    std::string id = out[0].substr(6);
    for (const auto& line : out)
      if (!line.ends_with(" " + id)) ++foreign;
    auto err = lines(text.substr(bar + 1));
    for (std::size_t i = 0; i + 1 < err.size(); ++i)  // the last one may be cut
      if (err[i] != "spam " + id) ++foreign;
  }
  CHECK(foreign == 0);
}

TEST_CASE("a signal reaches the whole tree of a task, adopted daemons included") {
  Rig rig;
  auto number = unique_number();
  std::string script =
      "trap 'echo told; exit 7' TERM; (setsid sleep " + number + " &); sleep " + number + " & wait";
  rig.start(0, {"/bin/sh", "-c", script});
  auto other = unique_number();
  rig.start(1, {"sleep", other});
  REQUIRE(appear(number, 2));
  REQUIRE(appear(other, 1));
  rig.spawner.signal(0, SIGTERM);
  rig.wait_for_ends(1);
  CHECK(rig.ends.back().exit_code == 7);
  CHECK(rig.outputs.back().starts_with("told\n"));
  CHECK(sleepers(number).empty());
  CHECK(sleepers(other).size() == 1);
  rig.spawner.signal(1, SIGKILL);
  rig.wait_for_ends(2);
  CHECK(rig.ends.back().signal == SIGKILL);
}

TEST_CASE("nothing outlives the spawner") {
  auto number = unique_number();
  {
    Rig rig;
    rig.start(0, {"/bin/sh", "-c", "trap '' TERM; setsid sleep " + number + " & sleep " + number});
    REQUIRE(appear(number, 2));
  }
  CHECK(gone_within(number, 5 * second));
}

TEST_CASE("a thousand children are all seen: the kernel lists them by pages") {
  OwnChildren own;
  std::vector<pid_t> children;
  for (int i = 0; i < 1000; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      pause();
      _exit(0);
    }
    children.push_back(child);
  }
  auto seen = own.look();
  for (pid_t child : children) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  std::sort(seen.begin(), seen.end());
  std::sort(children.begin(), children.end());
  CHECK(std::includes(seen.begin(), seen.end(), children.begin(), children.end()));
  CHECK(own.look().size() + children.size() == seen.size());
}
