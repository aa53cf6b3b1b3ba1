// The table of settings and its layers.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"

namespace pcluster {
namespace {

using Texts = std::vector<std::string>;
using C = Configuration;

template <auto member>
void set_text(C& values, const Texts& texts) {
  values.*member = texts.back();
}

template <auto member, long long least>
void set_number(C& values, const Texts& texts) {
  const auto number = to_integer(texts.back());
  if (!number || *number < least || *number > std::numeric_limits<std::int32_t>::max())
    throw Error(Exit::usage, fmt::format("wants a whole number of at least {}, not \"{}\"", least,
                                         texts.back()));
  values.*member = static_cast<std::uint32_t>(*number);
}

template <auto member>
void set_duration(C& values, const Texts& texts) {
  values.*member = parse_duration(texts.back());
}

void set_memory(C& values, const Texts& texts) { values.memory_mb = parse_memory_mb(texts.back()); }

void set_via(C& values, const Texts& texts) {
  const auto words = via_words();
  if (std::ranges::find(words, texts.back()) == words.end())
    throw Error(Exit::usage, fmt::format("wants auto, lib or cli, not \"{}\"", texts.back()));
  values.slurm_via = texts.back();
}

template <auto member>
void set_time(C& values, const Texts& texts) {
  values.*member = parse_time_limit(texts.back());
}

void set_ports(C& values, const Texts& texts) { values.ports = parse_ports(texts.back()); }

template <auto member>
void set_list(C& values, const Texts& texts) {
  values.*member = texts;
}

template <auto member>
void fill(C& values, const C& under) {
  if (!(values.*member)) values.*member = under.*member;
}

template <auto member>
void fill_list(C& values, const C& under) {
  (values.*member).insert((values.*member).begin(), (under.*member).begin(), (under.*member).end());
}

template <auto member>
constexpr Setting text(std::string_view name, std::string_view key) {
  return {name, key, false, set_text<member>, fill<member>};
}
template <auto member, long long least>
constexpr Setting number(std::string_view name, std::string_view key) {
  return {name, key, false, set_number<member, least>, fill<member>};
}
template <auto member>
constexpr Setting duration(std::string_view name, std::string_view key) {
  return {name, key, false, set_duration<member>, fill<member>};
}
template <auto member>
constexpr Setting list(std::string_view name, std::string_view key) {
  return {name, key, true, set_list<member>, fill_list<member>};
}

constexpr Setting table[] = {
    text<&C::cluster>("cluster", "cluster"),
    text<&C::site>("site", "site"),
    text<&C::partition>("partition", "partition"),
    number<&C::jobs, 1>("jobs", "jobs"),
    number<&C::nodes, 1>("nodes", "nodes"),
    number<&C::cores, 1>("cores", "cores"),
    {"memory", "memory", false, set_memory, fill<&C::memory_mb>},
    {"time", "time", false, set_time<&C::time>, fill<&C::time>},
    text<&C::account>("account", "account"),
    text<&C::local_directory>("local-directory", "local_directory"),
    number<&C::num_engines, 0>("slots-per-worker", "num_engines"),
    text<&C::pool>("pool", "pool"),
    duration<&C::timeout>("timeout", "timeout"),
    number<&C::min_workers, 0>("min-workers", "min_workers"),
    duration<&C::idle_timeout>("idle-timeout", "idle_timeout"),
    duration<&C::orphan_timeout>("orphan-timeout", "orphan_timeout"),
    text<&C::job_template>("template", "template"),
    list<&C::setup>("setup", "setup"),
    list<&C::prologue>("prologue", "prologue"),
    list<&C::epilogue>("epilogue", "epilogue"),
    list<&C::directives>("directive", "directives"),
    list<&C::drop_directives>("drop-directive", "drop_directives"),
    {"slurm-via", "slurm_via", false, set_via, fill<&C::slurm_via>},
    {"time-min", "time_min", false, set_time<&C::time_min>, fill<&C::time_min>},
    duration<&C::warning>("warning", "warning"),
    text<&C::qos>("qos", "qos"),
    number<&C::gpus, 0>("gpus", "gpus"),
    {"ports", "ports", false, set_ports, fill<&C::ports>},
    list<&C::interface>("interface", "interface"),
    text<&C::worker_binary>("worker-binary", "worker_binary"),
    list<&C::exclude_nodes>("exclude-node", "exclude_nodes"),
};

void set(const Setting& setting, const std::string& shown, const std::string& origin,
         const Texts& texts, C& values) {
  try {
    setting.set(values, texts);
    values.origins.insert_or_assign(std::string(setting.key), origin);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", shown, error.what()), error.hint());
  }
}

}  // namespace

std::span<const Setting> settings() { return table; }

std::string variable_name(std::string_view setting) {
  std::string name = "PCLUSTER_";
  for (const char c : setting)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

Configuration settings_from(const Arguments& arguments) {
  Configuration values;
  for (const auto& setting : table)
    if (const auto texts = arguments.all(setting.name); !texts.empty())
      set(setting, fmt::format("--{}", setting.name), "command line", texts, values);
  if (const auto engines = arguments.number("num-engines", 1)) {
    values.num_engines = engines;
    values.origins["num_engines"] = "command line";
  }
  return values;
}

Configuration settings_from(const Variables& variables) {
  // In a task PCLUSTER_CORES is what the task got, and no wish of the user's.
  const bool in_task = variables.contains("PCLUSTER_TASK");
  Configuration values;
  for (const auto& setting : table) {
    if (in_task && setting.name == "cores") continue;
    const auto name = variable_name(setting.name);
    const auto texts = lines(variable(variables, name));
    if (!texts.empty()) set(setting, name, name, texts, values);
  }
  return values;
}

Configuration layer(Configuration over, const Configuration& under) {
  for (const auto& setting : table) {
    setting.fill(over, under);
    const auto below = under.origins.find(setting.key);
    if (below == under.origins.end()) continue;
    const auto [above, is_new] = over.origins.try_emplace(below->first, below->second);
    if (!is_new && setting.list) above->second = below->second + ", " + above->second;
  }
  return over;
}

std::vector<std::string> unknown_variables(const Variables& variables) {
  constexpr std::string_view prefix = "PCLUSTER_";
  std::vector<std::string> notes, known{"DIR", "SHARE"};
  if (variables.contains("PCLUSTER_TASK")) return notes;  // a task has many more of ours
  for (const auto& setting : table)
    known.push_back(variable_name(setting.name).substr(prefix.size()));
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(prefix)) continue;
    const auto rest = name.substr(prefix.size());
    if (std::ranges::find(known, rest) != known.end()) continue;
    if (const auto near = nearest(rest, known))
      notes.push_back(fmt::format("{} sets nothing (did you mean {}{}?)", name, prefix, *near));
  }
  return notes;
}

std::string settings_environment() {
  std::string text;
  for (const auto& setting : table)
    text += fmt::format("{:<30}--{}\n", variable_name(setting.name), setting.name);
  return text;
}

}  // namespace pcluster
