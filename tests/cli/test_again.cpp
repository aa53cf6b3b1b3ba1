// Trials once more: what `retry` sends, and what `map --resume` leaves out.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/cli/again.hpp"
#include "launcher/io/store.hpp"

using namespace pcluster;

namespace {

using Words = std::vector<std::string>;
using Places = std::vector<std::uint32_t>;

WorkloadSpec work(Trials trials, Words columns = {"trial"}) {
  WorkloadSpec spec;
  spec.verb = "map";
  spec.task.argv = {"./trial", "{trial}"};
  spec.task.columns = std::move(columns);
  spec.trials = std::move(trials);
  return spec;
}

// The tasks at these places are done, the next one failed.
WorkloadOnDisk done(const WorkloadSpec& spec, const Places& places) {
  WorkloadOnDisk disk{spec, 0, {}};
  ResultRow row;
  for (const auto place : places) disk.rows.emplace_back(place, row);
  row.result.state = TaskState::failed;
  disk.rows.emplace_back(places.empty() ? 0 : places.back() + 1, row);
  return disk;
}

Places left(const WorkloadSpec& now, const std::vector<WorkloadOnDisk>& earlier) {
  Finished finished;
  for (const auto& disk : earlier)
    for (const auto& [place, row] : disk.rows)
      if (row.result.state == TaskState::done)
        finished.add(disk.spec.task.columns, trial_value(disk.spec.trials, place), place);
  return finished.left(now);
}

}  // namespace

TEST_CASE("some trials keep their index, their values and the rest of the spec") {
  auto spec = work(TrialRange{10, 40, 10});
  spec.retries = 3, spec.tag = "night", spec.after = {WorkloadId{1}};
  spec.on = {WorkerId{5}, WorkerId{6}, WorkerId{7}, WorkerId{8}};
  auto some = some_of(spec, spec.trials, {1, 3});
  CHECK(some.task.columns == Words{"index", "trial"});
  CHECK(std::get<TrialLines>(some.trials) == Words{"1\t20", "3\t40"});
  CHECK(some.retries == 3);
  CHECK(some.tag == "night");
  CHECK(some.after.empty());
  CHECK(some.on == std::vector<WorkerId>{WorkerId{6}, WorkerId{8}});
  some = some_of(some, some.trials, {1});  // once more
  CHECK(some.task.columns == Words{"index", "trial"});
  CHECK(std::get<TrialLines>(some.trials) == Words{"3\t40"});
  const auto table = work(TrialLines{"a\tb", "c\td"}, {"x", "y"});
  CHECK(some_of(table, table.trials, {1}).task.columns == Words{"index", "x", "y"});
  CHECK(std::get<TrialLines>(some_of(table, table.trials, {1}).trials) == Words{"1\tc\td"});
}

TEST_CASE("a program that is no trial keeps its braces") {
  auto spec = work(TrialRange{0, 0, 1}, {});
  spec.verb = "run", spec.task.argv = {"python", "-c", "d = {}"};
  const auto again = some_of(spec, spec.trials, {0});
  CHECK(again.task.columns.empty());
  CHECK(std::get<TrialLines>(again.trials) == Words{"0"});
}

TEST_CASE(
    "the same work: words, directory, columns, output, ranks, resources; not the environment") {
  const auto one = work(TrialRange{0, 9, 1});
  auto other = work(TrialRange{5, 6, 1}, {"index", "trial"});
  other.task.environment = {{"A", "b"}};
  other.retries = 5;
  CHECK(same_work(one, other));
  CHECK(same_work(one, work(TrialRange{}, {})));  // of an older launcher
  const auto differs = [&](auto change) {
    auto changed = one;
    change(changed);
    return !same_work(one, changed);
  };
  CHECK(differs([](auto& s) { s.task.argv.emplace_back("x"); }));
  CHECK(differs([](auto& s) { s.task.directory = "/x"; }));
  CHECK(differs([](auto& s) { s.task.columns = {"alpha"}; }));
  CHECK(differs([](auto& s) { s.task.output = "out"; }));
  CHECK(differs([](auto& s) { s.task.ranks = 2; }));
  CHECK(differs([](auto& s) { s.task.each.memory_mb = 100; }));
  CHECK(differs([](auto& s) { s.verb = "run"; }));
}

TEST_CASE("what is left: by value, as often as it occurs, the same index first") {
  const auto range = work(TrialRange{0, 4, 1});
  CHECK(left(range, {}) == Places{0, 1, 2, 3, 4});
  CHECK(left(range, {done(range, {0, 1, 2})}) == Places{3, 4});
  CHECK(left(range, {done(range, {0, 1, 2, 3, 4})}).empty());
  // Another list may share values at other places.
  CHECK(left(work(TrialLines{"9", "1", "0"}), {done(range, {0, 1, 2})}) == Places{0});
  const auto twice = work(TrialLines{"a", "b", "a", "a"});
  CHECK(left(twice, {done(twice, {0})}) == Places{1, 2, 3});
  CHECK(left(twice, {done(twice, {2})}) == Places{0, 1, 3});
  CHECK(left(twice, {done(twice, {0}), done(twice, {0})}) == Places{1, 3});
  // A part that ran again counts under the index that it had.
  const auto again = some_of(twice, twice.trials, {1, 3});
  CHECK(left(twice, {done(twice, {0}), done(again, {0, 1})}) == Places{2});
  const auto tabs = work(TrialLines{"a\tb", "a\tc"});
  const auto rest = some_of(tabs, tabs.trials, {1});
  CHECK(left(tabs, {done(rest, {0})}) == Places{0});
}
