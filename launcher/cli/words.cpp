// What braces in a command may name.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <tuple>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/trials.hpp"
#include "launcher/model/expand.hpp"

namespace pcluster {
namespace {

using Words = std::vector<std::string>;

bool may_be_name(std::string_view text) {
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  return !text.empty() && (is_letter(text.front()) || text.front() == '_') &&
         std::ranges::all_of(text, [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

// The variable that holds what `{inner}` stands for.
std::string variable_of(std::string_view inner, const Words& columns) {
  std::string name(name_of_braced(inner));
  const auto number = to_integer(name);
  if (number && *number >= 1 && *number <= static_cast<long long>(columns.size()))
    name = columns[static_cast<std::size_t>(*number - 1)];
  if (name.empty() || name == "trial") return "PCLUSTER_TRIAL";
  if (name == "index") return "PCLUSTER_INDEX";
  return column_variable(name);
}

}  // namespace

bool names_trial(const Words& words, const Words& columns) {
  const TrialText nothing(columns, "", 0);
  return std::ranges::any_of(words, [&](const std::string& word) {
    return std::ranges::any_of(
        braced_in(word), [&](std::string_view inner) { return nothing.find(inner).has_value(); });
  });
}

void check_names(const Words& words, const Words& columns) {
  const TrialText nothing(columns, "", 0);
  for (const auto& word : words) {
    for (const auto inner : braced_in(word)) {
      const auto name = name_of_braced(inner);
      if (!may_be_name(name) || nothing.find(inner)) continue;
      auto known = columns;
      for (const auto* ours : {"trial", "index"}) known.emplace_back(ours);
      throw Error(
          Exit::usage,
          fmt::format("{{{}}} is no column of the trials{}", inner, did_you_mean(name, known)),
          fmt::format("the columns are {}; for the braces themselves write {{{{{}}}}}",
                      printable(join(columns, ", ")), inner));
    }
  }
}

void check_shell(const std::string& line, const Words& columns, const Trials& trials) {
  std::vector<std::string> used;
  const TrialText nothing(columns, "", 0);
  for (const auto inner : braced_in(line))
    if (nothing.find(inner)) used.emplace_back(inner);
  const auto* values = std::get_if<TrialLines>(&trials);
  if (used.empty() || values == nullptr) return;  // numbers are plain
  for (std::uint32_t i = 0; i < values->size(); ++i) {
    const TrialText trial(columns, (*values)[i], i);
    for (const auto& inner : used) {
      const auto value = trial.find(inner).value_or("");
      if (is_plain_word(value)) continue;
      throw Error(Exit::usage,
                  fmt::format("--shell: {{{}}} is \"{}\", and that is not one plain word", inner,
                              printable(value)),
                  fmt::format("write \"${}\" in the command instead of {{{}}}",
                              variable_of(inner, columns), inner));
    }
  }
}

void check_resident(const Words& words, const Words& columns) {
  const TrialText nothing(columns, "", 0);
  for (const auto& word : words)
    for (const auto inner : braced_in(word))
      if (nothing.find(inner))
        throw Error(Exit::usage,
                    fmt::format("--resident: {{{}}} in the command would be of one trial", inner),
                    "the program is started once and reads its trials (docs/resident.md): leave "
                    "the braces out");
}

std::string command_hint(const WorkloadSpec& spec) {
  if (task_count(spec.trials) < 2 || spec.task.resident) return {};
  const auto& [words, columns] = std::tie(spec.task.argv, spec.task.columns);
  if (names_trial(words, columns)) return {};
  Words variables{"PCLUSTER_TRIAL", "PCLUSTER_INDEX"};
  for (const auto& column : columns) variables.push_back(column_variable(column));
  for (const auto& word : words)
    for (const auto& name : variables)
      if (!name.empty() && word.find(name) != word.npos) return {};
  const auto name = columns.empty() ? "trial" : columns.front();
  const auto variable = variable_of(name, columns);
  return fmt::format(
      "every task gets the same command: {{{}}} in it stands for the trial{} (a "
      "program can also read ${})",
      name, name == "trial" ? "" : "'s value", variable.empty() ? "PCLUSTER_TRIAL" : variable);
}

}  // namespace pcluster
