// launcher.json and the lock.
// SPDX-License-Identifier: MIT
#include "launcher/io/state.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "launcher/io/info_text.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

TEST_CASE("launcher.json says what was written, and rubbish is nobody") {
  const Scratch scratch;
  const StateDirectory state{scratch.path};
  CHECK_FALSE(read_launcher_info(state));
  auto info = this_process();
  info.addresses = {"10.0.0.1", "fd00::1"};
  info.port = 4001;
  info.version = "0.1.0";
  info.epoch = 7;
  info.relays = {{"w3", "n14", {"10.0.0.14", "fd00::14"}, 40001}, {"w4", "n15", {}, 40002}};
  write_launcher_info(state, info);
  const auto read = read_launcher_info(state);
  REQUIRE(read);
  CHECK(read->relays == info.relays);
  CHECK(to_text(*read) == to_text(info));
  for (const auto* text : {"", "{", "[]", R"({"pid":"x"})", R"({"port":1})"}) {
    write_file(state.launcher(), text);
    CHECK_FALSE(read_launcher_info(state));
  }
}

TEST_CASE("alive: this very process, not another with its number, not a zombie") {
  const auto us = this_process();
  CHECK(alive(us));
  for (auto change : {0, 1, 2}) {
    auto other = us;
    if (change == 0) other.start_ticks += "1";
    if (change == 1) other.boot_id = "of another boot";
    if (change == 2) other.host = "elsewhere";
    CHECK_FALSE(alive(other));
  }
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto text = to_text(this_process());
    _exit(write(ends[1], text.data(), text.size()) > 0 ? 0 : 1);
  }
  char text[4096];
  const auto size = read(ends[0], text, sizeof text);
  REQUIRE(size > 0);
  const auto info = parse_info({text, static_cast<std::size_t>(size)});
  REQUIRE(info);
  siginfo_t ended{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0);
  CHECK_FALSE(alive(*info));  // not waited for yet
  waitpid(child, nullptr, 0);
  CHECK_FALSE(alive(*info));
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE(
    "the lock: one holder, a dead one of this host is replaced, another host's only when told") {
  const Scratch scratch;
  const StateDirectory state{scratch.path};
  const auto refusal = [&](bool take_over = false) {
    return error_of([&] { take_lock(state, take_over); });
  };
  SUBCASE("free: taken and given back") {
    take_lock(state);
    CHECK(exists(state.lock()));
    release_lock(state);
    CHECK_FALSE(exists(state.lock()));
  }
  SUBCASE("held by a live process of this host: never, until it is dead") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t holder = fork();
    if (holder == 0) {
      take_lock(state);
      if (write(ends[1], "x", 1) == 1) pause();
      _exit(0);
    }
    char byte = 0;
    REQUIRE(read(ends[0], &byte, 1) == 1);
    for (const bool take_over : {false, true}) {
      const auto error = refusal(take_over);
      CHECK(error.code() == Exit::refused);
      CHECK(std::string(error.what()).find(std::to_string(holder)) != std::string::npos);
    }
    release_lock(state);  // not ours
    CHECK(exists(state.lock()));
    kill(holder, SIGKILL);
    waitpid(holder, nullptr, 0);
    CHECK_NOTHROW(take_lock(state));
    close(ends[0]);
    close(ends[1]);
  }
  SUBCASE("held by a dead process of this host: replaced") {
    auto dead = this_process();
    dead.start_ticks = "1";
    write_file(state.lock(), to_text(dead));
    take_lock(state);
    CHECK(read_file(state.lock()) == to_text(this_process()));
    CHECK(list_directory(scratch.path).size() == 1);
  }
  SUBCASE("held by another host, whatever its process does: only when told") {
    auto far = this_process();
    far.host = "login9";
    write_file(state.lock(), to_text(far));
    const auto error = refusal();
    CHECK(std::string(error.what()).find("login9") != std::string::npos);
    CHECK(error.hint().find("--take-over") != std::string::npos);
    take_lock(state, true);
    CHECK(read_file(state.lock()) == to_text(this_process()));
  }
  SUBCASE("a lock that names nobody: only when told") {
    write_file(state.lock(), "");
    CHECK(refusal().code() == Exit::refused);
    take_lock(state, true);
    CHECK(read_file(state.lock()) == to_text(this_process()));
  }
}

TEST_CASE(
    "a lock that another has taken is not ours any more; one that was removed is made again") {
  const Scratch scratch;
  const StateDirectory state{scratch.path};
  const auto held = take_lock(state);
  CHECK(held.still_ours());
  CHECK_FALSE(held.from_elsewhere);
  remove_tree(state.lock());
  CHECK(held.still_ours());
  CHECK(read_file(state.lock()) == held.text);
  auto far = this_process();
  far.host = "login9";
  write_file(state.lock(), to_text(far));
  CHECK_FALSE(held.still_ours());
  REQUIRE(lock_holder(state));
  CHECK(lock_holder(state)->host == "login9");
  write_file(state.lock(), "");  // it has made it, and not yet written it
  CHECK_FALSE(held.still_ours());
  CHECK(take_lock(state, true).from_elsewhere);
}
