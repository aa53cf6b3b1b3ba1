// Options of tasks that are split over MPI ranks.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/base/error.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/completion.hpp"
#include "launcher/cli/split.hpp"

using namespace pcluster;
using Words = std::vector<std::string>;

namespace {

TaskTemplate split(const Verb& verb, std::string_view ranks, Words words) {
  words.emplace_back("--");
  words.emplace_back("true");
  TaskTemplate task;
  split_task(Arguments(verb, words), ranks, task);
  return task;
}

std::string refusal(const Verb& verb, std::string_view ranks, const Words& words) {
  try {
    split(verb, ranks, words);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return std::string(error.what()) + " | " + error.hint();
  }
  return {};
}

}  // namespace

TEST_CASE("ranks, how far apart they may be, and whether anything is bound") {
  auto task = split(verb_map, "ranks", {"--ranks", "4", "--span", "job", "--bind", "none"});
  CHECK(task.ranks == 4);
  CHECK(task.span == Span::job);
  CHECK_FALSE(task.bind);
  CHECK(split(verb_run, "np", {"-np", "2", "--span=worker"}).span == Span::worker);
  task = split(verb_run, "np", {});
  CHECK(task.ranks == 0);
  CHECK(task.span == Span::pool);
  CHECK(task.bind);
}

TEST_CASE("more ranks than units are refused, and what makes no sense is said") {
  CHECK(split(verb_run, "np", {"-np", "3", "--units", "3"}).ranks == 3);
  CHECK(refusal(verb_run, "np", {"-np", "4", "--units", "3"}) ==
        "4 ranks for 3 units: 1 would have nothing to do | ask for 3 at most: with more, some "
        "programs hang");
  CHECK(refusal(verb_map, "ranks", {"--ranks", "2", "--units", "0"}).starts_with("--units wants"));
  CHECK(refusal(verb_map, "ranks", {"--units", "9"}) ==
        "--units: the task is not split over ranks | say over how many: --ranks N");
  CHECK(refusal(verb_run, "np", {"--span", "job"}).ends_with("--np N"));
  CHECK(refusal(verb_run, "np", {"-np", "2", "--span", "rack"}).starts_with("--span rack: not"));
  CHECK(refusal(verb_run, "np", {"--bind", "core"}).starts_with("--bind core: only \"none\""));
  CHECK(refusal(verb_map, "ranks", {"--ranks", "0"}).starts_with("--ranks wants"));
}

TEST_CASE("their values are completed") {
  std::vector<std::string> found;
  for (const auto& each : candidates({"map", "--span", ""}).words) found.push_back(each.word);
  CHECK(found == Words{"pool", "job", "worker"});
  CHECK(candidates({"run", "--bind", "n"}).words.size() == 1);
}
