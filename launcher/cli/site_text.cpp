// Profiles as rows and as YAML.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/site_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // key, value as in YAML

// A text that YAML reads as it is; quoted where it could be taken for more.
std::string quoted(const std::string& text) {
  static const std::string plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./ ";
  const bool bare = !text.empty() && text.find_first_not_of(plain) == text.npos &&
                    text.front() != ' ' && text.front() != '-' && text.back() != ' ' &&
                    text != "null" && text != "true" && text != "false";
  if (bare) return text;
  return '"' + replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\"") + '"';
}

std::string list(const std::vector<std::string>& texts) {
  std::vector<std::string> all;
  for (const auto& text : texts) all.push_back(quoted(text));
  return "[" + join(all, ", ") + "]";
}

std::string mb(std::uint64_t value) {
  return value % 1024 == 0 ? fmt::format("{}G", value / 1024) : fmt::format("{}M", value);
}

std::string time_of(Micros time) {
  if (time % second != 0) return fmt::format("{}ms", time / millisecond);
  return time % (24 * 3600 * second) == 0 ? fmt::format("{}d", time / (24 * 3600 * second))
                                          : clock_duration(time);
}

struct Fields {
  Pairs all;

  void text(const char* key, const std::string& value) {
    if (!value.empty()) all.emplace_back(key, quoted(value));
  }
  void texts(const char* key, const std::vector<std::string>& value) {
    if (!value.empty()) all.emplace_back(key, list(value));
  }
  template <class Number>
  void number(const char* key, const std::optional<Number>& value) {
    if (value) all.emplace_back(key, std::to_string(*value));
  }
  void memory(const char* key, const std::optional<std::uint64_t>& value) {
    if (value) all.emplace_back(key, mb(*value));
  }
  void time(const char* key, const std::optional<Micros>& value) {
    if (value) all.emplace_back(key, time_of(*value));
  }
  void yes(const char* key, bool value) {
    if (value) all.emplace_back(key, "true");
  }
};

template <class Number>
std::optional<Number> unless_zero(Number value) {
  return value == 0 ? std::nullopt : std::optional(value);
}

Pairs partition_pairs(const SitePartition& partition) {
  Fields fields;
  fields.memory("memory", partition.memory_mb);
  fields.number("cores", partition.cores);
  fields.memory("max_memory", partition.max_memory_mb);
  fields.memory("max_memory_per_core", partition.max_memory_mb_per_core);
  fields.number("max_cores", partition.max_cores);
  fields.memory("min_memory", partition.min_memory_mb);
  fields.number("min_cores", partition.min_cores);
  fields.number("max_nodes", partition.max_nodes);
  fields.number("gpus", partition.gpus);
  fields.time("max_time", partition.max_time);
  fields.time("min_time", partition.min_time);
  fields.text("qos", partition.qos);
  fields.text("arch", partition.arch);
  return fields.all;
}

std::string map_of(const Pairs& pairs) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : pairs) parts.push_back(key + ": " + value);
  return "{" + join(parts, ", ") + "}";
}

Pairs cores_rule(const CoresRule& rule) {
  Pairs shares, all;
  for (const auto& [arch, share] : rule.memory_mb_per_core) shares.emplace_back(arch, mb(share));
  if (rule.round) all.emplace_back("rounding", "nearest");
  if (!shares.empty()) all.emplace_back("memory_per_core", map_of(shares));
  return all;
}

Pairs mpi_pairs(const MpiSettings& mpi) {
  Fields fields;
  Pairs variables;
  fields.text("mpiexec", mpi.mpiexec);
  fields.text("kind", mpi.kind);
  fields.texts("arguments", mpi.arguments);
  for (const auto& [name, value] : mpi.environment) variables.emplace_back(name, quoted(value));
  if (!variables.empty()) fields.all.emplace_back("environment", map_of(variables));
  if (!mpi.span_jobs) fields.all.emplace_back("span_jobs", "false");
  return fields.all;
}

Pairs detect_pairs(const SiteProfile& site) {
  Fields fields;
  fields.texts("hostname", site.detect_hostnames);
  fields.texts("path", site.detect_paths);
  return fields.all;
}

void add_maps(Fields& fields, const SiteProfile& site) {
  const auto map = [&](const char* key, const Pairs& pairs) {
    if (!pairs.empty()) fields.all.emplace_back(key, map_of(pairs));
  };
  Pairs binaries;
  for (const auto& [arch, path] : site.worker_binary) binaries.emplace_back(arch, quoted(path));
  map("detect", detect_pairs(site));
  map("limits", partition_pairs(site.limits));
  map("cores_rule", cores_rule(site.cores_rule));
  map("worker_binary", binaries);
  map("mpi", mpi_pairs(site.mpi));
}

// But for its partitions.
Pairs site_pairs(const SiteProfile& site) {
  Fields fields;
  fields.text("site", site.name);
  fields.text("description", site.description);
  fields.text("source", site.source);
  fields.all.emplace_back("verified_on", site.verified_on.value_or("null"));
  fields.text("scheduler", site.scheduler);
  fields.text("mem_mode", site.mem_mode);
  fields.memory("memory_cushion", unless_zero(site.memory_cushion_mb));
  fields.number("slots_per_worker", site.slots_per_worker);
  fields.text("default_partition", site.default_partition);
  fields.texts("prefer", site.prefer);
  fields.texts("exclude", site.exclude);
  fields.text("account", site.account);
  fields.yes("account_required", site.account_required);
  fields.yes("time_required", site.time_required);
  fields.text("qos", site.qos);
  fields.number("max_jobs", unless_zero(site.manners.max_jobs));
  fields.number("max_array", unless_zero(site.manners.max_array));
  fields.time("submit_every", unless_zero(site.manners.submit_every));
  fields.time("poll", unless_zero(site.manners.poll));
  fields.time("timeout", site.timeout);
  fields.time("warning", site.warning);
  fields.text("ports", show_ports(site.ports));
  fields.texts("interface", site.interface);
  fields.texts("login", site.login);
  fields.text("slurm_via", site.slurm_via);
  fields.text("state_dir", site.state_dir);
  fields.text("local_directory", site.local_directory);
  fields.text("job_template", site.job_template);
  fields.texts("setup", site.setup);
  fields.texts("prologue", site.prologue);
  fields.texts("epilogue", site.epilogue);
  fields.texts("directives", site.directives);
  fields.texts("drop_directives", site.drop_directives);
  add_maps(fields, site);
  fields.texts("notes", site.notes);
  return fields.all;
}

}  // namespace

std::vector<SiteRow> site_rows(const SiteProfile& site) {
  std::vector<SiteRow> rows;
  for (const auto& [key, value] : site_pairs(site)) rows.push_back({key, value, site.source});
  for (const auto& partition : site.partitions) {
    const auto& source = partition.source.empty() ? site.source : partition.source;
    const auto pairs = partition_pairs(partition);
    const auto name = "partitions." + partition.name;
    if (pairs.empty()) rows.push_back({name, "{}", source});
    for (const auto& [key, value] : pairs) rows.push_back({name + "." + key, value, source});
  }
  return rows;
}

std::string site_yaml(const SiteProfile& site, const std::string& heading) {
  std::string text;
  for (const auto& line : lines(heading)) text += "# " + line + "\n";
  for (const auto& [key, value] : site_pairs(site)) text += key + ": " + value + "\n";
  if (!site.partitions.empty()) text += "partitions:\n";
  for (const auto& partition : site.partitions) {
    auto pairs = partition_pairs(partition);
    if (!partition.source.empty()) pairs.emplace_back("source", quoted(partition.source));
    text += "  " + quoted(partition.name) + ": " + map_of(pairs) + "\n";
  }
  return text;
}

}  // namespace pcluster
