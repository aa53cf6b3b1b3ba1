// Many lines in one text.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/base/text.hpp"
#include "launcher/model/packed_lines.hpp"

using namespace pcluster;

namespace {

TrialLines all_of(const PackedLines& packed) {
  TrialLines all;
  for (std::uint32_t i = 0; i < packed.size(); ++i) all.emplace_back(packed[i]);
  return all;
}

}  // namespace

TEST_CASE("lines of a text are those that reading it line by line gives") {
  for (const std::string text : {"", "\n", "a", "a\n", "a\nbc", "a\r\nb\r\n", "\n\na\n\nb\n",
                                 "\r\n", "a\tb\n\rc\n", "a\r\r\nb"}) {
    CAPTURE(text);
    CHECK(all_of(PackedLines(text)) == lines(text));
  }
  CHECK(PackedLines("a\n")[1].empty());
  CHECK(PackedLines().empty());
}

TEST_CASE("given lines are kept to the letter, whatever they hold") {
  const TrialLines given{"", "a\nb", "c\r", std::string("\0d", 2), ""};
  CHECK(all_of(PackedLines(given)) == given);
  CHECK(PackedLines(TrialLines{}).empty());
}
