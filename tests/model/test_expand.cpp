// Words of tasks with their trial filled in.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/model/expand.hpp"

using namespace pcluster;

namespace {

using Columns = std::vector<std::string>;

std::string one(const std::string& word, std::string_view trial, std::uint32_t index = 0,
                const Columns& columns = {"trial"}) {
  return expand(word, TrialText(columns, trial, index));
}

}  // namespace

TEST_CASE("words are expanded; other braces stay") {
  CHECK(one("a{trial}b{index}", "x y", 4) == "ax yb4");
  CHECK(one("{{trial}} {column} {", "x", 4) == "{trial} {column} {");
  CHECK(one("{{index}} {{trial} {{{trial}}}", "x") == "{index} {x {{trial}}");
  CHECK(one("{'a': {'b': {trial}}} awk {{print $1}}", "3") == "{'a': {'b': 3}} awk {{print $1}}");
  CHECK(one("{\"a\":{\"g\":1}} }} {{", "3") == "{\"a\":{\"g\":1}} }} {{");
  CHECK(one("{trial}", "{index}", 9) == "{index}");  // values are not expanded again
  const Columns none;
  CHECK(expand(Columns{"a", "{index}"}, TrialText(none, "", 2))[1] == "2");
  CHECK(one("{\"a\": {}, \"b\": [{index}]}", "7", 1) == "{\"a\": 7, \"b\": [1]}");
  CHECK(one("{{}}", "7") == "{}");
  CHECK(one("}{a{}b}{", "7") == "}{a7b}{");
  CHECK(one("é{}ü", "ö") == "éöü");
  CHECK(one("", "x").empty());
  CHECK(one("{1} {2}", "x") == "x {2}");
}

TEST_CASE("a shell's own braces stay") {
  CHECK(one("echo ${1} ${trial} ${trial:-{trial}} {1}", "x") == "echo ${1} ${trial} ${trial:-x} x");
  CHECK(one("f() { echo ${1}}", "x") == "f() { echo ${1}}");
  CHECK(one("${{1}}", "x") == "${1}");
  CHECK(one("awk '{if (x) {print}}'", "x") == "awk '{if (x) {print}}'");
}

TEST_CASE("a program that is no trial keeps its braces") {
  CHECK(one("d = {}; {1} {.} {trial/} {trial} {index} {{}} {{x}} {{trial}}", "0", 0, {}) ==
        "d = {}; {1} {.} {trial/} 0 0 {{}} {{x}} {trial}");
}

TEST_CASE("forms of paths, as GNU parallel has them") {
  const auto path = "a.d/b c.tar.gz";
  CHECK(one("{}", path) == "a.d/b c.tar.gz");
  CHECK(one("{.}", path) == "a.d/b c.tar");
  CHECK(one("{/}", path) == "b c.tar.gz");
  CHECK(one("{//}", path) == "a.d");
  CHECK(one("{/.}", path) == "b c.tar");
  CHECK(one("{.}", "a.d/b") == "a.d/b");
  CHECK(one("{.}", "dir/.hidden") == "dir/.hidden");
  CHECK(one("{/.}", ".hidden.txt") == ".hidden");
  CHECK(one("{//}", "b") == ".");
  CHECK(one("{//}", "/b") == "/");
  CHECK(one("{/}|{.}", "") == "|");
  CHECK(one("{trial/.}", path) == "b c.tar");
}

TEST_CASE("columns by name and by number, with forms") {
  const Columns columns{"alpha", "in file", "x."};
  const auto trial = "0.5\t/data/r1.mat\tdot";
  CHECK(one("--a={alpha} {in file} {in file/.} {x.}", trial, 3, columns) ==
        "--a=0.5 /data/r1.mat r1 dot");
  CHECK(one("{1} {2//} {4} {0}", trial, 3, columns) == "0.5 /data {4} {0}");
  CHECK(one("{} {.}", trial, 3, columns) == "{} {.}");  // a table has no one value
  CHECK(one("{trial} {index}", trial, 3, columns) == "3 3");
  CHECK(one("{trial} {}", "7\tb", 3, {"trial", "b"}) == "7 7");
  CHECK(one("{trial}", "a\tb", 3, {"trial"}) == "a\tb");  // alone it may hold a tab
  CHECK(one("[{a}|{b}|{c}]", "1", 0, {"a", "b", "c"}) == "[1||]");
  CHECK(one("{a} {1} {trial} {index}", "17\tx", 0, {"index", "a"}) == "x x 17 17");
  CHECK(one("{} {1} {index}", "17\tx\ty", 0, {"index", "trial"}) == "x\ty x\ty 17");
}

TEST_CASE("several sources: all values, a blank between") {
  const Columns columns{"1", "2", "first_channel"};
  CHECK(one("{} {1} {2.} {3}", "a\tb.c\t40", 5, columns) == "a b.c a b 40");
  CHECK(one("{trial}", "a\tb.c\t40", 5, columns) == "a b.c");
}

TEST_CASE("what stands in braces, and the variable of a column") {
  const auto all = braced_in("{a} ${b} {{c}} {} {d {e}");
  CHECK(all == std::vector<std::string_view>{"a", "", "e"});
  CHECK(name_of_braced("file/.") == "file");
  CHECK(name_of_braced("file") == "file");
  CHECK(column_variable("first-channel") == "PCLUSTER_FIRST_CHANNEL");
  CHECK(column_variable("Worker").empty());
}
