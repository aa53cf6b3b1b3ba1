// Quoting, splitting, nearest names.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

using namespace pcluster;
using Words = std::vector<std::string>;

TEST_CASE("split keeps empty parts, lines drops only the last line end") {
  CHECK(split("a,,b", ',') == Words{"a", "", "b"});
  CHECK(split("", ',') == Words{""});
  CHECK(lines("a\r\n\nb\n") == Words{"a", "", "b"});
  CHECK(lines("").empty());
  CHECK(trim("  a b\n") == "a b");
  CHECK(join(Words{"a", "b"}, ", ") == "a, b");
  CHECK(replace_all("aaa", "a", "aa") == "aaaaaa");
}

TEST_CASE("a quoted word reaches a real shell byte-exact") {
  const Words nasty = {"plain", "",         "two words", "it's",       "$(touch /x)", "`id`",
                       "a\nb",  "\\",       "\"",        "*",          "~",           "!x",
                       "-n",    "\x01\xff", "a;b&c|d",   "#SBATCH --x"};
  for (const auto& word : nasty) {
    CAPTURE(word);
    const auto command = "printf %s " + shell_quote(word);
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string out;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
    CHECK(pclose(pipe) == 0);
    CHECK(out == word);
  }
  CHECK(shell_quote("a-b_c/d.e:f=g,h") == "a-b_c/d.e:f=g,h");
  CHECK_THROWS_AS(shell_quote(std::string_view("a\0b", 3)), Error);
}

TEST_CASE("the nearest name is found only when it is near") {
  const Words partitions = {"8GBXS", "16GBXL", "16GBS", "E880"};
  CHECK(nearest("16gbxl", partitions) == "16GBXL");
  CHECK(nearest("16GBLX", partitions) == "16GBXL");
  CHECK_FALSE(nearest("gpu", partitions));
  CHECK(did_you_mean("parition", Words{"partition"}) == " (did you mean \"partition\"?)");
  CHECK(did_you_mean("zzz", Words{"partition"}).empty());
}

TEST_CASE("globs know stars and question marks") {
  CHECK(matches("esi-svhpc1", "esi-sv*"));
  CHECK(matches("SLURM_JOB_ID", "SLURM_*"));
  CHECK(matches("abc", "a?c"));
  CHECK(matches("", "*"));
  CHECK(matches("aXbXc", "a*b*c"));
  CHECK_FALSE(matches("esx", "esi*"));
  CHECK_FALSE(matches("abcd", "a?c"));
  CHECK(matches("a*c", "a*c"));
}

TEST_CASE("control bytes of a task cannot reach the terminal") {
  CHECK(printable("a\x1b[31mb\tc\n") == "a\\x1b[31mb\\tc\\n");
  CHECK(printable("Gr\xc3\xbc\xc3\x9f"
                  "e") ==
        "Gr\xc3\xbc\xc3\x9f"
        "e");
}

TEST_CASE("integers are whole or nothing") {
  CHECK(to_integer("-12") == -12);
  CHECK_FALSE(to_integer("12x"));
  CHECK_FALSE(to_integer(""));
  CHECK_FALSE(to_integer("99999999999999999999"));
}
