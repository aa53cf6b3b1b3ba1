// Where trials come from: `:::` lists, tables, channels; and the words that name them.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/base/error.hpp"
#include "launcher/cli/csv.hpp"
#include "launcher/cli/map_trials.hpp"
#include "launcher/cli/sources.hpp"
#include "launcher/cli/words.hpp"

using namespace pcluster;

namespace {

using Words = std::vector<std::string>;

template <class Call>
std::string wrong(Call call) {
  try {
    call();
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    CHECK_FALSE(error.hint().empty());
    return std::string(error.what()) + " | " + error.hint();
  }
  FAIL("no Error");
  return {};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

TrialTable csv(std::string_view text, char separator = ',') {
  return parse_table(text, separator, "t.csv");
}
std::string bad_csv(std::string_view text) {
  return wrong([&] { csv(text); });
}

TrialTable combined(const Words& words, bool link = false) {
  return combine(split_sources(words).sources, link);
}

MapTrials listed(const Words& words) {
  auto typed = split_sources(words);
  auto table = combine(typed.sources, false);
  MapTrials all;
  all.trials = table.trials, all.columns = table.columns, all.command = typed.command;
  all.listed = true;
  return all;
}

}  // namespace

TEST_CASE("lists: the command ends at the first sign; files are named, not read") {
  const auto all = split_sources({"./sim", "--x", "::::", "f1", "f2", ":::", "a", ":::+", "-b"});
  CHECK(all.command == Words{"./sim", "--x"});
  REQUIRE(all.sources.size() == 4);
  CHECK(all.sources[1].is_file);
  CHECK(all.sources[1].values == Words{"f2"});
  CHECK_FALSE(all.sources[2].is_file);
  CHECK(all.sources[3].linked);
  CHECK(all.sources[3].values == Words{"-b"});
  CHECK(split_sources({"echo", "::::x", "a:::b"}).sources.empty());
  CHECK(has(wrong([] { split_sources({"x", ":::+", "a"}); }), "no source before it"));
  CHECK(has(wrong([] { split_sources({"x", "::::"}); }), "names no file"));
}

TEST_CASE("lists: all combinations, the last source fastest") {
  auto table = combined({"x", ":::", "a b", "ü", ":::", "1", "2", "3"});
  CHECK(table.columns == Words{"1", "2"});
  CHECK(table.trials == Words{"a b\t1", "a b\t2", "a b\t3", "ü\t1", "ü\t2", "ü\t3"});
  table = combined({"x", ":::", "{}", ""});
  CHECK(table.columns == Words{"trial"});
  CHECK(table.trials == Words{"{}", ""});
  table = combined({"x", ":::", "a", "b", ":::+", "c", "d", ":::", "1", "2"});
  CHECK(table.trials == Words{"a\tc\t1", "a\tc\t2", "b\td\t1", "b\td\t2"});
  table = combined({"x", ":::", "a", "b", "c", ":::", "1", "2"}, true);
  CHECK(table.trials == Words{"a\t1", "b\t2", "c\t1"});  // shorter ones begin again
  CHECK(combined({"x", ":::", "a\tb"}).trials == Words{"a\tb"});
}

TEST_CASE("lists that cannot be are told") {
  CHECK(has(wrong([] { combined({"x", ":::"}); }), "source 1 of values is empty"));
  CHECK(has(wrong([] { combined({"x", ":::", "a", ":::"}); }), "source 2"));
  CHECK(has(wrong([] { combined({"x", ":::", "a", "b", ":::+", "c"}); }), "--link"));
  CHECK(has(wrong([] { combined({"x", ":::", "a\nb"}); }), "line break"));
  CHECK(has(wrong([] { combined({"x", ":::", "a\tb", ":::", "c"}); }), "tab"));
  std::vector<Source> large(3, Source{Words(1000, "v")});
  CHECK(has(wrong([&] { combine(large, false); }), "more than 10000000 tasks"));
}

TEST_CASE("a command that names no value of a list gets it appended") {
  CHECK(command_of(listed({"gzip", ":::", "a"})) == Words{"gzip", "{}"});
  CHECK(command_of(listed({"cp", ":::", "a", ":::", "b"})) == Words{"cp", "{1}", "{2}"});
  CHECK(command_of(listed({"cp", "{/.}", ":::", "a"})) == Words{"cp", "{/.}"});
  CHECK(command_of(listed({"a{2}b", ":::", "a"})) == Words{"a{2}b", "{}"});  // no second source
  CHECK(command_of(listed({"awk", "{print}", "{{}}", ":::", "a"})).back() == "{}");
  CHECK(command_of(listed({":::", "a"})).empty());
  auto lines = listed({"gzip", ":::", "a"});
  lines.listed = false;  // trials of other kinds are never appended
  CHECK(command_of(lines) == Words{"gzip"});
}

TEST_CASE("tables: quotes, line ends, a byte order mark, blank lines") {
  auto table = csv("alpha,in file\r\n1,\"a, \"\"b\"\" c\"\r\n\r\n2,é{}\r\n");
  CHECK(table.columns == Words{"alpha", "in file"});
  CHECK(table.trials == Words{"1\ta, \"b\" c", "2\té{}"});
  CHECK(csv("\xef\xbb\xbf a , b \n,\n 1 ,x y").columns == Words{"a", "b"});
  CHECK(csv("\xef\xbb\xbf a , b \n,\n 1 ,x y").trials == Words{"\t", " 1 \tx y"});
  CHECK(csv("name\n\"\"\nx\n").trials == Words{"", "x"});
  CHECK(csv("a\tb\n1,5\tx\n", '\t').trials == Words{"1,5\tx"});
  CHECK(csv("a,b\n5'\"x\",y\n").trials == Words{"5'\"x\"\ty"});  // a quote inside is a letter
  CHECK(csv("\"a\",\"b\"\n\"1\",\"2\"").trials == Words{"1\t2"});
}

TEST_CASE("tables that cannot be: file, line, what is wrong, what to do") {
  CHECK(has(bad_csv(""), "t.csv is empty"));
  CHECK(has(bad_csv("\r\n\n"), "t.csv is empty"));
  CHECK(has(bad_csv("a,b\n"), "holds no trials"));
  CHECK(has(bad_csv("a,b\n1,2\n\n1\n"), "t.csv, line 4: 1 field, but there are 2 columns"));
  CHECK(has(bad_csv("a,b\n\"x\ny\",2\n"), "line 2: column \"a\" holds a tab or a line break"));
  CHECK(has(bad_csv("a,b\n1,\"x\ty\"\n"), "line 2: column \"b\" holds a tab"));
  CHECK(has(bad_csv("a,b\n1,2,3\n"), "line 2: 3 fields"));
  CHECK(has(bad_csv("a,\n1,2\n"), "line 1: column 2 has no name"));
  CHECK(has(bad_csv("a, a\n1,2\n"), "two columns are called \"a\""));
  CHECK(has(bad_csv("a,{b}\n1,2\n"), "\"{b}\" is no name"));
  CHECK(has(bad_csv("a,index\n1,2\n"), "cannot be called index"));
  CHECK(has(bad_csv("a,b\n1,2\n1,\"x\n2,3\n"), "line 3: a quote (\") is never closed"));
  CHECK(has(bad_csv("a,b\n\"1\"x,2\n"), "line 2: text after a closing quote"));
  CHECK(has(bad_csv("a,b\n\"x\n\"\"y\",1\n\"z\"q,2\n"), "line 2: column \"a\""));
}

TEST_CASE("a line of a table as it is written") {
  CHECK(csv_line({"a", "b c", ""}) == "a,b c,\r\n");
  CHECK(csv_line({"a,b", "say \"x\"", "l1\nl2", " x"}) ==
        "\"a,b\",\"say \"\"x\"\"\",\"l1\nl2\",\" x\"\r\n");
  const Words cells{"a,b", "\"", "x y"};
  auto table = csv(csv_line({"1", "2", "3"}) + csv_line(cells));
  CHECK(table.trials == Words{"a,b\t\"\tx y"});
}

TEST_CASE("channels: half-open chunks of each trial, the last one shorter") {
  const auto table = with_channels({{"trial"}, {"a", "b"}}, {100, 40});
  CHECK(table.columns == Words{"trial", "first_channel", "last_channel"});
  CHECK(table.trials ==
        Words{"a\t0\t40", "a\t40\t80", "a\t80\t100", "b\t0\t40", "b\t40\t80", "b\t80\t100"});
  CHECK(with_channels({{"x", "y"}, {"1\t2"}}, {1, 7}).trials == Words{"1\t2\t0\t1"});
  CHECK(channels_text(20, {200, 40}) == "20 trials x 5 chunks of 40 channels = 100 tasks");
  CHECK(channels_text(1, {100, 40}) == "1 trial x 3 chunks of at most 40 channels = 3 tasks");
  CHECK(channels_text(2, {1, 8}) == "2 trials x 1 chunk of 1 channel = 2 tasks");
  CHECK(has(wrong([] { with_channels({{"last_channel"}, {"a"}}, {2, 1}); }), "last_channel"));
  CHECK(has(wrong([] { with_channels({{"trial"}, {"a\tb"}}, {2, 1}); }), "tab"));
  CHECK(has(wrong([] { with_channels({{"trial"}, Words(3)}, {4'000'000, 1}); }), "more than"));
}

TEST_CASE("a name that is no column comes with the nearest; what is no name stays") {
  const Words columns{"alpha", "in file"};
  const auto said = wrong([&] { check_names({"x", "--a={alhpa}"}, columns); });
  CHECK(has(said, "{alhpa} is no column"));
  CHECK(has(said, "did you mean \"alpha\""));
  CHECK(has(said, "{{alhpa}}"));
  CHECK(has(wrong([&] { check_names({"{alpa/.}"}, columns); }), "alpha"));
  check_names({"{alpha} {in file/.} {trial} {index} {1.} {{alhpa}} ${HOME} {a b} {1,2} {} {9}"},
              columns);
}

TEST_CASE("--shell: every value that is used must be a plain word, in its form") {
  const Words columns{"alpha", "file"};
  const TrialLines trials{"1\tok.txt", "2\ta b/ok.txt"};
  check_shell("echo {alpha} {file/}", columns, trials);
  const auto said = wrong([&] { check_shell("cat {file}", columns, trials); });
  CHECK(has(said, "{file} is \"a b/ok.txt\", and that is not one plain word"));
  CHECK(has(said, "$PCLUSTER_FILE"));
  CHECK(has(wrong([&] { check_shell("cat {2//}", columns, trials); }), "$PCLUSTER_FILE"));
  CHECK(
      has(wrong([&] { check_shell("cat {}", {"trial"}, TrialLines{"$(x)"}); }), "$PCLUSTER_TRIAL"));
  check_shell("cat {} {trial}", {"trial"}, TrialRange{-5, 9, 1});
  check_shell("cat {{file}} {none}", columns, trials);
}
