// Ranges of trials.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

[[noreturn]] void bad(std::string_view text, const std::string& why) {
  throw Error(Exit::usage, fmt::format("--trials \"{}\": {}", printable(text), why),
              "write A-B, A-B:STEP, one number, or several of these with commas: 0-499, 0-90:10");
}

std::int64_t number(std::string_view word, std::string_view whole) {
  const auto value = to_integer(word);
  if (!value) bad(whole, fmt::format("\"{}\" is no whole number", printable(word)));
  return *value;
}

// "A-B:STEP"; the dash between A and B is the first one that does not begin a number.
TrialRange parse_range(std::string_view text, std::string_view whole) {
  if (text.empty()) bad(whole, "a range is missing");
  TrialRange range;
  const auto colon = text.find(':');
  const auto ends = text.substr(0, colon);
  const auto dash = ends.find('-', 1);
  range.first = number(ends.substr(0, dash), whole);
  range.last = dash == ends.npos ? range.first : number(ends.substr(dash + 1), whole);
  if (colon != text.npos) range.step = number(text.substr(colon + 1), whole);
  if (range.step == 0) bad(whole, "a step of 0 never ends");
  if (range.step > 0 ? range.last < range.first : range.last > range.first)
    bad(whole,
        fmt::format("{} to {} in steps of {} holds no trial", range.first, range.last, range.step));
  return range;
}

}  // namespace

Trials parse_trials(std::string_view text) {
  const auto words = split(text, ',');
  if (words.size() == 1) return parse_range(trim(text), text);
  TrialLines all;
  for (const auto& word : words) {
    const auto range = parse_range(trim(word), text);
    const auto count = task_count(range);
    if (all.size() + count > most_listed)
      bad(text, fmt::format("more than {} trials in a list", most_listed));
    for (std::uint32_t i = 0; i < count; ++i) all.push_back(trial_value(range, i));
  }
  return all;
}

bool is_plain_word(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./:=,+@%").find(c) != std::string_view::npos;
  });
}

}  // namespace pcluster
