// Slots with their cores and gpus, and the back-off of calls.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "mpi-runtime/dial.hpp"
#include "mpi-runtime/slots.hpp"

using namespace pcluster;

TEST_CASE("slots share the cores out, neighbours together") {
  Slots slots(3, {0, 4, 1, 5, 2, 6, 3}, {});
  auto first = slots.take(1, 0), rest = slots.take(2, 0);
  REQUIRE(first);
  REQUIRE(rest);
  CHECK(first->cores == std::vector<int>{0, 4});
  CHECK(rest->slots == std::vector<std::uint32_t>{1, 2});
  CHECK(rest->cores == std::vector<int>{1, 5, 2, 6, 3});
  CHECK_FALSE(slots.take(1, 0));
  slots.give_back(*rest);
  CHECK(slots.take(1, 0)->slots == std::vector<std::uint32_t>{1});
}

TEST_CASE("more slots than cores: some share one; none is left unbound") {
  Slots slots(4, {7, 9}, {});
  std::vector<int> cores;
  for (int i = 0; i < 4; ++i) {
    auto seat = slots.take(1, 0);
    REQUIRE(seat->cores.size() == 1);
    cores.push_back(seat->cores[0]);
  }
  CHECK(cores == std::vector<int>{7, 7, 9, 9});
}

TEST_CASE("a worker that is not confined binds nothing") {
  Slots slots(2, {}, {"0", "1"});
  CHECK(slots.take(2, 0)->cores.empty());
  CHECK_FALSE(slots.take(0, 0));
}

TEST_CASE("a gpu is given to one task at a time") {
  Slots slots(3, {}, {"0", "1"});
  auto one = slots.take(1, 1);
  CHECK(one->gpus == std::vector<std::string>{"0"});
  CHECK_FALSE(slots.take(1, 2));
  auto two = slots.take(1, 1);
  CHECK(two->gpus == std::vector<std::string>{"1"});
  slots.give_back(*one);
  CHECK(slots.take(1, 1)->gpus == std::vector<std::string>{"0"});
}

TEST_CASE("calls back off to 15 s, spread so that a thousand workers do not call at once") {
  CHECK(back_off(0, 0.999) <= 100 * millisecond);
  CHECK(back_off(0, 0) == 50 * millisecond);
  for (unsigned misses = 1; misses < 40; ++misses) {
    CHECK(back_off(misses, 0) >= back_off(misses - 1, 0));
    CHECK(back_off(misses, 0.999) <= 15 * second);
  }
  CHECK(back_off(1000, 0.999) > 14 * second);
}

TEST_CASE("what to do when no address answers") {
  LauncherInfo launcher;
  launcher.host = "login1";
  StateDirectory directory{"/home/ada/.pcluster/default"};
  CHECK(remedy({"10.0.0.1:4001: Connection refused"}, launcher, directory)
            .find("see /home/ada/.pcluster/default/launcher.log") != std::string::npos);
  CHECK(remedy({"10.0.0.1:4001: timed out"}, launcher, directory).find("firewall") !=
        std::string::npos);
}

TEST_CASE("beside the slots: numbered behind them, bound to nothing, and not without end") {
  Slots slots(2, {0, 1}, {"0"});
  REQUIRE(slots.take(2, 0));
  auto one = slots.take_beside(1), other = slots.take_beside(0);
  REQUIRE(one);
  REQUIRE(other);
  CHECK(one->slots == std::vector<std::uint32_t>{2});
  CHECK(one->cores.empty());
  CHECK(one->gpus == std::vector<std::string>{"0"});
  CHECK(other->slots == std::vector<std::uint32_t>{3});
  CHECK_FALSE(slots.take_beside(1));  // no gpu is left
  for (std::uint32_t i = 2; i < Slots::most_beside; ++i) CHECK(slots.take_beside(0));
  CHECK_FALSE(slots.take_beside(0));
  slots.give_back(*one);
  CHECK(slots.take_beside(1)->slots == std::vector<std::uint32_t>{2});
  CHECK_FALSE(slots.take(1, 0));
}
