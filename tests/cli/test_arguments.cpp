// The command line: options, operands, commands, and errors with the nearest name.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <set>

#include "launcher/base/error.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/verbs.hpp"

using namespace pcluster;
using Words = std::vector<std::string>;

namespace {

// What an Error says, and its hint; fails when there is none.
template <class F>
std::string complaint(F work, Exit code = Exit::usage) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return std::string(error.what()) + " | " + error.hint();
  }
  FAIL("no Error");
  return {};
}

std::string complaint_of(const Verb& verb, const Words& words) {
  return complaint([&] { Arguments(verb, words); });
}

}  // namespace

TEST_CASE("options by any of their names, with = or without, the last one counts") {
  const Arguments a(verb_submit, {"-p", "16GBXL", "--jobs=10", "-n", "12", "--queue", "8GBS",
                                  "--no-wait", "-m4G", "--time", "1-00:00:00"});
  CHECK(a.text("partition") == "8GBS");
  CHECK(a.number("jobs") == 12u);
  CHECK(a.has("no-wait"));
  CHECK_FALSE(a.has("dry-run"));
  CHECK(a.memory_mb("memory") == 4096u);
  CHECK(a.duration("time") == 86400 * second);
  CHECK_FALSE(a.text("account"));
}

TEST_CASE("options that may come more than once keep all values, dashes and blanks in them too") {
  const Arguments a(verb_submit, {"--directive", "--qos=high prio", "--setup", "module load a",
                                  "--directive", "-x"});
  CHECK(a.all("directive") == Words{"--qos=high prio", "-x"});
  CHECK(a.all("setup") == Words{"module load a"});
}

TEST_CASE("a command begins behind -- or at the first word that is no option's value") {
  const Words command{"python", "trial.py", "{trial}", "--jobs", "--", "-np"};
  for (const bool dashes : {true, false}) {
    Words words{"--trials", "0-9", "--env", "A=1", "--env", "B=2", "-c", "2", "--detach"};
    if (dashes) words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    const Arguments a(verb_map, words);
    CHECK(a.command() == command);
    CHECK(a.text("trials") == "0-9");
    CHECK(a.all("env") == Words{"A=1", "B=2"});
    CHECK(a.number("cores") == 2u);
    CHECK(a.has("detach"));
  }
}

TEST_CASE("-np is how mpiexec says it") {
  const Arguments a(verb_run, {"-np", "16", "nrniv", "-mpi", "-np", "3"});
  CHECK(a.number("np") == 16u);
  CHECK(a.command() == Words{"nrniv", "-mpi", "-np", "3"});
  CHECK(Arguments(verb_smoke, {"-np", "4"}).number("np") == 4u);
  CHECK(Arguments(verb_smoke, {"-n", "4"}).number("np") == 4u);
  const Arguments n(verb_run, {"-n", "2", "prog", "-n", "5"});
  CHECK(n.number("np") == 2u);
  CHECK(n.command() == Words{"prog", "-n", "5"});
  CHECK(Arguments(verb_submit, {"-n", "3"}).number("jobs") == 3u);
}

TEST_CASE("negative numbers and ranges are values") {
  const Arguments a(verb_map, {"--trials", "-5--1", "--priority", "-3", "--", "true"});
  CHECK(a.text("trials") == "-5--1");
  CHECK(a.integer("priority") == -3);
}

TEST_CASE("operands of verbs that have them, and only there") {
  CHECK(Arguments(verb_logs, {"7.3", "--stderr"}).operands() == Words{"7.3"});
  CHECK(complaint_of(verb_submit, {"10"}).find("unexpected word \"10\"") != std::string::npos);
}

TEST_CASE("unknown options come with the nearest name and where to look") {
  CHECK(complaint_of(verb_submit, {"--partiton", "16GBXL"}) ==
        "submit: unknown option --partiton (did you mean \"--partition\"?) | see: pcluster submit "
        "--help");
  CHECK(complaint_of(verb_map, {"-n", "4", "--", "x"}).find("did you mean") == std::string::npos);
  CHECK(complaint_of(verb_submit, {"--partiton=16GBXL"}).find("\"--partition\"") !=
        std::string::npos);
  CHECK(complaint_of(verb_map, {"--trails", "0-9", "--", "true"}).find("\"--trials\"") !=
        std::string::npos);
  CHECK(complaint_of(verb_logs, {"7", "--sterr"}).find("\"--stderr\"") != std::string::npos);
}

TEST_CASE("a value that is missing or wrong is told by the option's name") {
  CHECK(complaint_of(verb_submit, {"--jobs"}).find("--jobs") != std::string::npos);
  const Arguments a(verb_map, {"--cores", "many", "--retries=-1", "--time", "soon", "--", "true"});
  CHECK(complaint([&] { a.number("cores", 1); }).find("--cores wants a whole number") == 0);
  CHECK(complaint([&] { a.number("retries"); }).find("--retries") == 0);
  CHECK(complaint([&] { a.duration("time"); }).find("--time: \"soon\"") == 0);
}

TEST_CASE("global options may stand before the verb") {
  const auto line = find_verb_in({"--cluster", "big", "--json", "status", "jobs", "--quiet"});
  CHECK(line.verb == "status");
  CHECK(line.words == Words{"--cluster", "big", "--json", "jobs", "--quiet"});
  CHECK(find_verb_in({"--version"}).verb.empty());
  CHECK(find_verb_in({"map", "--", "x"}).words == Words{"--", "x"});
}

TEST_CASE("--json of the task is not ours") {
  CHECK(wants_json({"status", "--json"}));
  CHECK_FALSE(wants_json({"map", "--", "tool", "--json"}));
  CHECK_FALSE(wants_json({"run", "-np", "2", "tool", "--json"}));
  CHECK(wants_json({"run", "-n", "2", "--json", "tool"}));
  CHECK(wants_json({"--cluster", "big", "--json", "run", "tool"}));
}

TEST_CASE("every verb is whole: name, summary, function, help with all its options") {
  std::set<std::string_view> names;
  for (const auto* verb : verbs()) {
    INFO(verb->name);
    CHECK(names.insert(verb->name).second);
    CHECK(find_verb(verb->name) == verb);
    CHECK_FALSE(verb->summary.empty());
    CHECK_FALSE(verb->examples.empty());
    const bool runs = verb->run != nullptr;
    CHECK(runs);
    const auto text = help(*verb);
    std::set<std::string> seen;
    for (const auto& name : option_names(*verb)) {
      INFO(name);
      CHECK(text.find(name) != std::string::npos);
      CHECK(seen.insert(name).second);  // no option twice
    }
    CHECK(overview().find(std::string(verb->name)) != std::string::npos);
    CHECK_NOTHROW(Arguments(*verb, {}));  // the parser takes the whole table
  }
  CHECK(names.size() == verbs().size());
  CHECK(find_verb("stauts") == nullptr);
}
