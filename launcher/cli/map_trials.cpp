// Reads the trials of `map`.
// SPDX-License-Identifier: MIT
#include "launcher/cli/map_trials.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/csv.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/words.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

constexpr const char* sources_hint =
    "give --trials A-B, -a FILE, ::: VALUES after the command, or one trial per line of stdin";

std::string text_of(const std::string& file) {
  if (file == "-") return read_stdin();
  if (auto text = read_file_if_there(file)) return std::move(*text);
  throw Error(Exit::usage, fmt::format("there is no file {}", printable(file)),
              "it holds the trials, one a line; a table's name ends in .csv or .tsv");
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

TrialLines checked(TrialLines trials, const std::string& where) {
  if (trials.empty())
    throw Error(Exit::usage, fmt::format("map: no trials {}", where), sources_hint);
  return trials;
}

void read_arg_file(const std::string& file, MapTrials& all) {
  const auto name = lower(file);
  const bool comma = name.ends_with(".csv");
  if (!comma && !name.ends_with(".tsv")) {
    all.trials = checked(lines(text_of(file)), "in " + printable(file));
    return;
  }
  auto table = parse_table(text_of(file), comma ? ',' : '\t', file);
  all.trials = std::move(table.trials);
  all.columns = std::move(table.columns);
  all.named = true;
}

void read_sources(std::vector<Source> sources, bool link, MapTrials& all) {
  for (auto& source : sources)
    if (source.is_file) source.values = lines(text_of(source.values.front()));
  auto table = combine(std::move(sources), link);
  all.trials = std::move(table.trials);
  all.columns = std::move(table.columns);
  all.listed = true;
}

void read_standard_input(MapTrials& all) {
  if (is_terminal(STDIN_FILENO)) throw Error(Exit::usage, "map: no trials", sources_hint);
  all.trials = checked(lines(read_stdin()), "on standard input");
}

std::optional<Channels> channels_from(const Arguments& arguments) {
  const auto count = arguments.number("channels", 1), each = arguments.number("chan-per-worker", 1);
  if (count.has_value() != each.has_value())
    throw Error(Exit::usage, "--channels and --chan-per-worker go together",
                "--channels 200 --chan-per-worker 40 makes 5 tasks of each trial");
  if (!count) return {};
  return Channels{*count, *each};
}

void add_channels(MapTrials& all) {
  TrialTable table{all.columns, {}};
  const auto count = task_count(all.trials);
  if (count > most_listed)
    throw Error(Exit::usage, fmt::format("more than {} tasks", most_listed),
                "split the work into several workloads");
  if (auto* lines = std::get_if<TrialLines>(&all.trials))
    table.trials = std::move(*lines);
  else
    for (std::uint32_t i = 0; i < count; ++i) table.trials.push_back(trial_value(all.trials, i));
  table = with_channels(table, *all.channels);
  all.trials = std::move(table.trials);
  all.columns = std::move(table.columns);
  all.named = true;
}

}  // namespace

MapTrials map_trials(const Arguments& arguments) {
  auto typed = split_sources(arguments.command());
  const bool listed = !typed.sources.empty();
  const auto range = arguments.text("trials"), file = arguments.text("arg-file");
  if (int{listed} + int{range.has_value()} + int{file.has_value()} > 1)
    throw Error(Exit::usage, "map: trials from two places",
                "give one of --trials, -a and :::; a ::: list may be combined with another one");
  if (arguments.has("link") && !listed)
    throw Error(Exit::usage, "--link goes with ::: lists", "pcluster map --link X ::: a b ::: c d");
  MapTrials all;
  all.channels = channels_from(arguments);
  all.command = std::move(typed.command);
  if (listed)
    read_sources(std::move(typed.sources), arguments.has("link"), all);
  else if (range)
    all.trials = parse_trials(*range);
  else if (file)
    read_arg_file(*file, all);
  else
    read_standard_input(all);
  all.without_channels = task_count(all.trials);
  if (all.channels) add_channels(all);
  return all;
}

std::vector<std::string> command_of(const MapTrials& all) {
  auto words = all.command;
  if (!all.listed || words.empty() || names_trial(words, all.columns)) return words;
  if (all.columns.front() == "trial") {
    words.emplace_back("{}");
    return words;
  }
  for (std::size_t i = 0; i < all.columns.size() && all.columns[i] == std::to_string(i + 1); ++i)
    words.push_back("{" + all.columns[i] + "}");
  return words;
}

}  // namespace pcluster
