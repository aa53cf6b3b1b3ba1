// Which ways to the launcher are tried when, and with what words ssh is called.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/ladder.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "launcher/io/file.hpp"
#include "mpi-runtime/ssh_way.hpp"

using namespace pcluster;
using Rungs = std::vector<Rung>;

TEST_CASE("direct first, then relays; ssh only after a while, and ever more rarely") {
  Ladder ladder({}, 0.5);
  CHECK(ladder.order(0) == Rungs{Rung::direct, Rung::relay});
  CHECK(ladder.order(6 * second) == Rungs{Rung::direct, Rung::relay});
  CHECK(ladder.order(7 * second) == Rungs{Rung::direct, Rung::relay, Rung::ssh});
  Time now = 7 * second;
  Micros before = 0;
  for (int i = 0; i < 8; ++i) {
    ladder.failed(Rung::ssh, now);
    const auto begin = now;
    while (ladder.order(now).size() < 3) now += second;
    CHECK(now - begin >= before);
    CHECK(now - begin >= 30 * second);
    CHECK(now - begin <= 901 * second);
    before = now - begin;
  }
}

TEST_CASE("what has worked goes first, until it fails or is old") {
  Ladder ladder({}, 0);
  ladder.worked(Rung::relay, 0);
  CHECK(ladder.order(second) == Rungs{Rung::relay, Rung::direct});
  ladder.failed(Rung::relay, second);
  CHECK(ladder.order(second) == Rungs{Rung::direct, Rung::relay});
  ladder.worked(Rung::ssh, 10 * second);
  CHECK(ladder.order(11 * second) == Rungs{Rung::ssh, Rung::direct, Rung::relay});
  CHECK(ladder.order(700 * second).front() == Rung::direct);
}

TEST_CASE("whom the launcher has answered directly does not log in while it restarts") {
  Ladder ladder({}, 0.9);
  ladder.worked(Rung::direct, 0);
  CHECK(ladder.order(0).size() == 2);
  CHECK(ladder.order(299 * second).size() == 2);
  CHECK(ladder.order(600 * second).size() == 3);
  Ladder other({}, 0.9);
  other.worked(Rung::relay, 0);
  CHECK(other.order(0).size() == 2);
  CHECK(other.order(5 * second).size() == 3);
}

TEST_CASE("ssh asks nobody, trusts only whom the user trusts, and takes nothing along") {
  LauncherInfo launcher;
  launcher.host = "login1";
  launcher.addresses = {"10.0.0.1", "fd00::1", "127.0.0.1"};
  launcher.port = 4001;
  auto call = ssh_call(launcher, {});
  CHECK(call.hosts == std::vector<std::string>{"login1", "10.0.0.1", "fd00::1"});
  CHECK(ssh_call(launcher, {"gate"}).hosts == std::vector<std::string>{"gate"});
  const auto words = ssh_command({"login1", call.targets, "/scratch", nullptr});
  const auto has = [&](const std::string& word) {
    return std::ranges::find(words, word) != words.end();
  };
  CHECK(has("BatchMode=yes"));
  CHECK(has("-a"));
  CHECK(has("ExitOnForwardFailure=yes"));
  CHECK(has("/scratch/ssh0:127.0.0.1:4001"));
  CHECK(has("/scratch/ssh2:[fd00::1]:4001"));
  CHECK(words.back() == "login1");
  CHECK(words[words.size() - 2] == "--");
  for (const auto& word : words) CHECK(word.find("HostKey") == word.npos);
}

TEST_CASE("of what ssh says the last line is the reason") {
  CHECK(ssh_error("Welcome to login1\r\nu@login1: Permission denied (publickey).\r\n") ==
        "u@login1: Permission denied (publickey).");
  CHECK(ssh_error("\n") == "ended without a word");
}

TEST_CASE("an address that this host has itself leads to no other host") {
  const auto ours = host_addresses();
  auto theirs = ours;
  theirs.insert(theirs.begin(), "192.0.2.1");
  CHECK(that_lead_to("elsewhere", theirs) == std::vector<std::string>{"192.0.2.1"});
  CHECK(that_lead_to(hostname(), theirs) == theirs);
  CHECK(that_lead_to("elsewhere", ours) == ours);  // a container's name, perhaps
}
