// Which trials to run once more.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/again.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace pcluster {
namespace {

using Columns = std::vector<std::string>;

bool has_index(const Columns& columns) { return !columns.empty() && columns.front() == "index"; }

// As they were asked for; one value without a name is the column `trial`.
Columns asked_columns(const Columns& columns) {
  if (columns.empty()) return {"trial"};
  return {columns.begin() + (has_index(columns) ? 1 : 0), columns.end()};
}

struct Trial {
  std::string value, index;
};

Trial trial_of(const Columns& columns, std::string line, std::uint32_t place) {
  if (!has_index(columns)) return {std::move(line), std::to_string(place)};
  const auto tab = std::min(line.find('\t'), line.size());
  return {line.substr(std::min(tab + 1, line.size())), line.substr(0, tab)};
}

Trial trial_at(const Columns& columns, const Trials& trials, std::uint32_t place) {
  return trial_of(columns, trial_value(trials, place), place);
}

}  // namespace

WorkloadSpec some_of(const WorkloadSpec& spec, const Trials& trials,
                     const std::vector<std::uint32_t>& places) {
  auto some = spec;
  const auto& columns = spec.task.columns;
  // A program that is no trial (`run`, `exec`) has braces of its own: it gets no columns.
  if (!columns.empty()) {
    some.task.columns = asked_columns(columns);
    some.task.columns.insert(some.task.columns.begin(), "index");
  }
  TrialLines lines;
  lines.reserve(places.size());
  for (const auto place : places) {
    const auto [value, index] = trial_at(columns, trials, place);
    lines.push_back(columns.empty() ? value : index + "\t" + value);
  }
  some.trials = std::move(lines);
  some.on.clear();
  for (const auto place : places)
    if (place < spec.on.size()) some.on.push_back(spec.on[place]);
  some.after.clear();  // they have ended
  some.after_any.clear();
  return some;
}

bool same_work(const WorkloadSpec& one, const WorkloadSpec& other) {
  const auto key = [](const TaskTemplate& task) {
    return std::tie(task.argv, task.directory, task.output, task.ranks, task.each);
  };
  return one.verb == other.verb && key(one.task) == key(other.task) &&
         asked_columns(one.task.columns) == asked_columns(other.task.columns);
}

void Finished::add(const Columns& columns, std::string line, std::uint32_t place) {
  auto [value, index] = trial_of(columns, std::move(line), place);
  at_[std::move(value)].insert(std::move(index));
}

std::vector<std::uint32_t> Finished::left(const WorkloadSpec& spec) {
  std::vector<std::uint32_t> elsewhere, left;
  const auto count = task_count(spec.trials);
  for (std::uint32_t place = 0; place < count; ++place) {
    const auto [value, index] = trial_at(spec.task.columns, spec.trials, place);
    const auto known = at_.find(value);
    if (known == at_.end()) {
      left.push_back(place);
      continue;
    }
    const auto same = known->second.find(index);
    if (same == known->second.end())
      elsewhere.push_back(place);
    else
      known->second.erase(same);
  }
  for (const auto place : elsewhere) {
    auto& rest = at_[trial_at(spec.task.columns, spec.trials, place).value];
    if (rest.empty())
      left.push_back(place);
    else
      rest.erase(rest.begin());
  }
  std::ranges::sort(left);
  return left;
}

}  // namespace pcluster
