// Reads #SBATCH lines as sbatch does.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "adapters/slurm_api/script.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "launcher/base/text.hpp"
#include "launcher/base/units.hpp"

namespace pcluster::slurm_api {
namespace {

// The words of a directive line, unquoted; nothing: a quote that does not end.
std::optional<std::vector<std::string>> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;
  char quote = 0;
  const auto end_word = [&] {
    if (open) words.push_back(std::exchange(word, {}));
    open = false;
  };
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (c == '\\' && at + 1 < line.size()) {
      word += line[++at];
      open = true;
    } else if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      open = true;
    } else if (c == '#') {
      break;
    } else if (c == ' ' || c == '\t') {
      end_word();
    } else {
      word += c;
      open = true;
    }
  }
  end_word();
  return quote == 0 ? std::optional(words) : std::nullopt;
}

using Value = const std::string&;

std::optional<long long> number_in(Value text, long long least, long long most) {
  const auto number = to_integer(text);
  return number && *number >= least && *number <= most ? number : std::nullopt;
}

bool read_count(Value text, std::optional<std::uint32_t>& count) {
  const auto number = number_in(text, 1, std::numeric_limits<std::uint16_t>::max() - 2);
  if (number) count = static_cast<std::uint32_t>(*number);
  return number.has_value();
}

// Whole minutes: a limit that is begun counts.
bool read_minutes(Value text, std::optional<std::uint32_t>& minutes) {
  if (std::ranges::count(text, ':') != 2)
    return false;  // shorter forms: sbatch has rules of its own
  const auto duration = read_duration(text);
  if (duration) minutes = static_cast<std::uint32_t>((*duration / second + 59) / 60);
  return duration && *minutes > 0;
}

bool read_memory(Value text, std::uint64_t& mb) {
  if (!text.ends_with('M')) return false;
  const auto number = number_in(text.substr(0, text.size() - 1), 1, 1LL << 50);
  mb = static_cast<std::uint64_t>(number.value_or(0));
  return number.has_value();
}

// "B:USR1@90"
bool read_signal(Value text, Wanted& wanted) {
  constexpr std::pair<std::string_view, int> signals[] = {
      {"HUP", 1}, {"INT", 2}, {"USR1", 10}, {"USR2", 12}, {"TERM", 15}};
  const auto at = text.find('@');
  if (at == text.npos) return false;
  const auto seconds = number_in(text.substr(at + 1), 0, 65535);
  auto name = text.substr(0, at);
  wanted.warning.to_shell = name.starts_with("B:");
  if (wanted.warning.to_shell) name = name.substr(2);
  for (const auto& [word, number] : signals)
    if (seconds && name == word) {
      wanted.warning.number = number;
      wanted.warning.seconds = static_cast<std::uint16_t>(*seconds);
    }
  return wanted.warning.number != 0;
}

template <auto member>
bool text(Value value, Wanted& wanted) {
  wanted.*member = value;
  return !value.empty();
}

struct Known {
  std::string_view name;
  bool (*read)(Value, Wanted&);  // false: a form that only sbatch reads
};
constexpr Known known[] = {
    {"job-name", text<&Wanted::name>},
    {"array", text<&Wanted::array>},
    {"chdir", text<&Wanted::directory>},
    {"output", text<&Wanted::output>},
    {"partition", text<&Wanted::partition>},
    {"account", text<&Wanted::account>},
    {"qos", text<&Wanted::qos>},
    {"exclude", text<&Wanted::exclude>},
    {"gres", text<&Wanted::gres>},
    {"nodes", [](Value v, Wanted& w) { return read_count(v, w.nodes); }},
    {"ntasks-per-node", [](Value v, Wanted& w) { return read_count(v, w.tasks_per_node); }},
    {"cpus-per-task", [](Value v, Wanted& w) { return read_count(v, w.cores_per_task); }},
    {"mem", [](Value v, Wanted& w) { return read_memory(v, w.memory_mb); }},
    {"mem-per-cpu", [](Value v, Wanted& w) { return read_memory(v, w.memory_mb_per_core); }},
    {"time", [](Value v, Wanted& w) { return read_minutes(v, w.minutes); }},
    {"time-min", [](Value v, Wanted& w) { return read_minutes(v, w.least_minutes); }},
    {"signal", read_signal},
};

bool read_word(const std::string& word, Wanted& wanted) {
  if (word == "--no-requeue") return !(wanted.requeue = false);
  const auto equals = word.find('=');
  if (!word.starts_with("--") || equals == word.npos) return false;
  const auto name = std::string_view(word).substr(2, equals - 2);
  const auto* found = std::ranges::find(known, name, &Known::name);
  return found != std::end(known) && found->read(word.substr(equals + 1), wanted);
}

// sbatch's own checks, in its words: the library makes none of them.
std::string what_is_wrong(std::string_view script) {
  if (script.empty()) return "Batch script is empty!";
  if (script.find_first_not_of(" \t\n\r\f\v") == script.npos)
    return "Batch script contains only whitespace!";
  if (!script.starts_with("#!"))
    return "This does not look like a batch script.  The first\nline must start with #! followed "
           "by the path to an interpreter.\nFor instance: #!/bin/sh";
  if (script.find('\0') != script.npos)
    return "The Slurm controller does not allow scripts that\ncontain a NULL character '\\0'.";
  if (script.find("\r\n") != script.npos)
    return "Batch script contains DOS line breaks (\\r\\n)\ninstead of expected UNIX line breaks "
           "(\\n).";
  return {};
}

}  // namespace

Script read_script(std::string_view text) {
  Script script;
  script.wrong = what_is_wrong(text);
  if (!script.wrong.empty()) return script;
  for (const auto& line : lines(text)) {
    const auto start = trim(line);
    if (!start.empty() && start[0] != '#') break;  // sbatch, too, reads no further
    if (line.starts_with("#PBS") || line.starts_with("#BSUB")) script.foreign = line;
    constexpr std::string_view prefix = "#SBATCH";
    if (!line.starts_with(prefix)) continue;
    const auto words = words_of(std::string_view(line).substr(prefix.size()));
    if (!words) script.foreign = line;
    for (const auto& word : words.value_or(std::vector<std::string>{}))
      if (!read_word(word, script.wanted)) script.foreign = word;
    if (!script.foreign.empty()) break;
  }
  return script;
}

std::string foreign_variable(std::span<const std::string> environment,
                             std::span<const std::string> ignored) {
  for (const auto& variable : environment) {
    const auto name = variable.substr(0, variable.find('='));
    const bool is_sbatchs = name.starts_with("SBATCH_") || name == "SLURM_CLUSTERS";
    if (is_sbatchs && std::ranges::find(ignored, name) == ignored.end()) return name;
  }
  return {};
}

}  // namespace pcluster::slurm_api
