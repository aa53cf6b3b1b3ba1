// Lists of values and their combinations.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

struct Sign {
  std::string_view word;
  bool is_file, linked;
};
constexpr std::array<Sign, 4> signs{
    {{":::", false, false}, {"::::", true, false}, {":::+", false, true}, {"::::+", true, true}}};

const Sign* sign_of(const std::string& word) {
  const auto* found = std::ranges::find(signs, word, &Sign::word);
  return found == signs.end() ? nullptr : found;
}

void check_values(const Source& source, bool several) {
  const char* hint = "put such values into files, and the files' names into the list";
  for (const auto& value : source.values) {
    if (value.find_first_of("\r\n") != value.npos)
      throw Error(Exit::usage, fmt::format("the value \"{}\" has a line break", printable(value)),
                  hint);
    if (several && value.find('\t') != value.npos)
      throw Error(Exit::usage, fmt::format("the value \"{}\" has a tab", printable(value)), hint);
  }
}

// Sources that go along: row r is value r of each.
struct Group {
  std::vector<const Source*> sources;
  std::size_t rows = 0;
  const std::string& value(const Source& source, std::size_t row) const {
    return source.values[row % source.values.size()];
  }
};

std::vector<Group> grouped(const std::vector<Source>& sources, bool link) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto& source = sources[i];
    const bool along = i > 0 && (link || source.linked);
    if (!along) groups.emplace_back();
    auto& group = groups.back();
    if (along && !link && source.values.size() != group.rows)
      throw Error(Exit::usage,
                  fmt::format(":::+ with {} values after a source with {}", source.values.size(),
                              group.rows),
                  "both need as many; with --link instead, shorter sources begin again");
    group.sources.push_back(&source);
    group.rows = std::max(group.rows, source.values.size());
  }
  return groups;
}

void too_many(std::size_t trials) {
  if (trials <= most_listed) return;
  throw Error(Exit::usage, fmt::format("more than {} tasks", most_listed),
              "split the work into several workloads");
}

}  // namespace

Sources split_sources(const std::vector<std::string>& words) {
  Sources all;
  const Sign* sign = nullptr;
  for (const auto& word : words) {
    if (const auto* next = sign_of(word)) {
      sign = next;
      if (sign->linked && all.sources.empty())
        throw Error(Exit::usage, fmt::format("{} has no source before it", word),
                    "the first source begins with ::: or ::::");
      if (!sign->is_file) all.sources.push_back({{}, false, sign->linked});
    } else if (sign == nullptr) {
      all.command.push_back(word);
    } else if (sign->is_file) {
      all.sources.push_back({{word}, true, sign->linked});
    } else {
      all.sources.back().values.push_back(word);
    }
  }
  if (sign != nullptr && all.sources.empty())
    throw Error(Exit::usage, ":::: names no file", "write :::: FILE, or ::: VALUE...");
  return all;
}

TrialTable combine(std::vector<Source> sources, bool link) {
  const bool several = sources.size() > 1;
  TrialTable table;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].values.empty())
      throw Error(Exit::usage, fmt::format("source {} of values is empty", i + 1),
                  "write the values behind :::, or the file that holds them behind ::::");
    check_values(sources[i], several);
    table.columns.push_back(several ? std::to_string(i + 1) : "trial");
  }
  const auto groups = grouped(sources, link);
  std::size_t count = 1;
  for (const auto& group : groups) too_many(count *= group.rows);
  table.trials.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::string trial;
    auto left = count, at = i;  // mixed radix, the first group the slowest
    for (const auto& group : groups) {
      left /= group.rows;
      for (const auto* source : group.sources) {
        if (&group != &groups.front() || source != group.sources.front()) trial += '\t';
        trial += group.value(*source, at / left);
      }
      at %= left;
    }
    table.trials.push_back(std::move(trial));
  }
  return table;
}

TrialTable with_channels(const TrialTable& table, Channels channels) {
  TrialTable all;
  all.columns = table.columns;
  for (const auto* name : {"first_channel", "last_channel"}) {
    if (std::ranges::find(all.columns, name) != all.columns.end())
      throw Error(Exit::usage, fmt::format("--channels, and a column {} in the table", name),
                  "leave one of them out");
    all.columns.emplace_back(name);
  }
  const auto chunks = channels.chunks();
  if (table.trials.size() > most_listed / chunks) too_many(most_listed + 1);
  for (const auto& trial : table.trials) {
    if (table.columns.size() == 1 && trial.find('\t') != trial.npos)
      throw Error(Exit::usage, fmt::format("the trial \"{}\" has a tab", printable(trial)),
                  "with --channels no trial may: tabs keep its values apart");
    for (std::uint32_t i = 0; i < chunks; ++i) {
      const auto first = i * channels.per_chunk;
      const auto size = std::min(channels.per_chunk, channels.count - first);
      all.trials.push_back(fmt::format("{}\t{}\t{}", trial, first, first + size));
    }
  }
  return all;
}

std::string channels_text(std::size_t trials, Channels channels) {
  const auto chunks = channels.chunks();
  const auto size = std::min(channels.per_chunk, channels.count);
  return fmt::format("{} trial{} x {} chunk{} of {}{} channel{} = {} tasks", trials,
                     trials == 1 ? "" : "s", chunks, chunks == 1 ? "" : "s",
                     channels.count % size == 0 ? "" : "at most ", size, size == 1 ? "" : "s",
                     trials * chunks);
}

}  // namespace pcluster
