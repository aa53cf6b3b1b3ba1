// How a task is split over MPI ranks, from the options that say so.
// SPDX-License-Identifier: MIT
#include "launcher/cli/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"

namespace pcluster {
namespace {

constexpr std::array<std::pair<std::string_view, Span>, 3> spans{
    {{"pool", Span::pool}, {"job", Span::job}, {"worker", Span::worker}}};

Span span_named(const std::string& word) {
  const auto found = std::ranges::find(spans, word, [](const auto& each) { return each.first; });
  if (found != spans.end()) return found->second;
  throw Error(Exit::usage, fmt::format("--span {}: not known", printable(word)),
              "it is pool (any workers of one pool), job (of one job) or worker (one of them)");
}

bool binds(const Arguments& arguments) {
  const auto said = arguments.text("bind");
  if (said && *said != "none")
    throw Error(Exit::usage, fmt::format("--bind {}: only \"none\" is known", printable(*said)),
                "without it the ranks of a task share the cores of its slots, and no others");
  return !said;
}

// Ranks that have nothing to do hang some programs in a collective call, and do nothing in others.
void check_units(const Arguments& arguments, std::uint32_t ranks) {
  const auto units = arguments.number("units", 1);
  if (units && ranks > *units)
    throw Error(Exit::usage,
                fmt::format("{} ranks for {} unit{}: {} would have nothing to do", ranks, *units,
                            *units == 1 ? "" : "s", ranks - *units),
                fmt::format("ask for {} at most: with more, some programs hang", *units));
}

}  // namespace

void split_task(const Arguments& arguments, std::string_view option, TaskTemplate& task) {
  task.ranks = arguments.number(option, 1).value_or(0);
  task.bind = binds(arguments);
  if (const auto span = arguments.text("span")) task.span = span_named(*span);
  for (const auto* name : {"span", "units"})
    if (arguments.has(name) && task.ranks == 0)
      throw Error(Exit::usage, fmt::format("--{}: the task is not split over ranks", name),
                  fmt::format("say over how many: --{} N", option));
  check_units(arguments, task.ranks);
}

}  // namespace pcluster
