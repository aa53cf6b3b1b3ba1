// How much of our standard input is sent, and what is sent again when a connection was lost.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/cli/standard_input.hpp"

using namespace pcluster;

namespace {
const AttemptId one{{WorkloadId{7}, 0}, 1, 1}, other{{WorkloadId{7}, 0}, 2, 1};
}

TEST_CASE("nothing is read before it is wanted, and no more than is wanted") {
  InputWindow window;
  CHECK(window.room() == 0);
  CHECK_FALSE(window.wanted({one, 10, 0, false}));
  CHECK(window.room() == 10);
  const auto sent = window.add("abcdef");
  CHECK(sent.at == 0);
  CHECK(sent.bytes == "abcdef");
  CHECK(window.room() == 4);
  CHECK_FALSE(window.wanted({one, 10, 4, false}));
  CHECK(window.room() == 8);
  CHECK(window.add("gh").at == 6);
  CHECK_FALSE(window.wanted({one, 2, 4, false}));  // an older word
  CHECK(window.room() == 6);
  const auto end = window.end();
  CHECK(end.end);
  CHECK(end.at == 8);
  CHECK(window.room() == 0);
}

TEST_CASE("what nobody has confirmed is sent again, with the end") {
  InputWindow window;
  window.wanted({one, 10, 0, false});
  window.add("abcdef");
  auto again = window.wanted({one, 10, 2, true});
  REQUIRE(again);
  CHECK(again->bytes == "cdef");
  CHECK(again->at == 2);
  CHECK_FALSE(window.wanted({one, 10, 6, true}));  // it has all
  window.end();
  again = window.wanted({one, 10, 6, true});
  REQUIRE(again);
  CHECK(again->end);
  CHECK(window.again(one).end);
}

TEST_CASE("a client that never heard of its task asks a new launcher how much is wanted") {
  InputWindow window;
  const auto asks = window.again(one);
  CHECK(asks.attempt == one);
  CHECK(asks.bytes.empty());
  CHECK_FALSE(asks.end);
  CHECK(window.room() == 0);
  window.wanted({one, 10, 0, true});
  CHECK(window.room() == 10);
}

TEST_CASE("another attempt gets all from the beginning, or nothing") {
  InputWindow window;
  window.wanted({one, 10, 0, false});
  window.add("abc");
  const auto again = window.wanted({other, 10, 0, false});
  REQUIRE(again);
  CHECK(again->attempt == other);
  CHECK(again->bytes == "abc");
  window.wanted({other, 10, 3, false});
  CHECK_FALSE(window.wanted({one, 10, 0, false}));
  CHECK(window.add("d").attempt == other);
}
