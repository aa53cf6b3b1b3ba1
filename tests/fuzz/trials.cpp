// What `map` takes: ranges, words with braces, values in them, and tables.
// SPDX-License-Identifier: MIT
#include <string>

#include "launcher/base/error.hpp"
#include "launcher/cli/csv.hpp"
#include "launcher/cli/trials.hpp"
#include "launcher/model/expand.hpp"
#include "tests/fuzz/target.hpp"

namespace pcluster::fuzz {
namespace {

void read_table(std::string_view input, char separator) {
  try {
    const auto table = parse_table(input, separator, "fuzz.csv");
    must(!table.columns.empty(), "a table has columns");
  } catch (const Error& error) { must(error.code() == Exit::usage, "a wrong table is the user's"); }
}

}  // namespace

// Up to the first line break: a range; then a word; the rest is a trial of two columns.
void run(std::string_view input) {
  const auto end = std::min(input.find('\n'), input.size());
  try {
    if (end < 200) static_cast<void>(parse_trials(input.substr(0, end)));
  } catch (const Error& error) { must(error.code() == Exit::usage, "a wrong range is the user's"); }
  const auto rest = input.substr(std::min(end + 1, input.size()));
  const auto word_end = std::min(rest.find('\n'), rest.size());
  const std::string word(rest.substr(0, word_end));
  const auto trial = rest.substr(std::min(word_end + 1, rest.size()));
  const std::vector<std::string> none, columns = {"alpha", "name"};
  const auto plain = expand(word, TrialText(none, trial, 3));
  if (word.find('{') == std::string::npos) must(plain == word, "a word without braces stays");
  static_cast<void>(expand(word, TrialText(columns, trial, 3)));
  must(expand("{trial}", TrialText(none, trial, 3)) == trial, "a trial arrives as it is");
  read_table(input, ',');
  read_table(input, '\t');
}

}  // namespace pcluster::fuzz
