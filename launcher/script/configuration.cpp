// The user's configuration from YAML.  Pure.
// SPDX-License-Identifier: MIT
#include "launcher/base/error.hpp"
#include "launcher/script/site.hpp"
#include "launcher/script/yaml_values.hpp"

namespace pcluster {
namespace {

const Key<Configuration> user_keys[] = {
    {"site", [](auto& v, auto& c) { read(v, c.site); }},
    {"partition", [](auto& v, auto& c) { read(v, c.partition); }},
    {"account", [](auto& v, auto& c) { read(v, c.account); }},
    {"jobs", [](auto& v, auto& c) { read(v, c.jobs); }},
    {"nodes", [](auto& v, auto& c) { read(v, c.nodes); }},
    {"cores", [](auto& v, auto& c) { read(v, c.cores); }},
    {"memory", [](auto& v, auto& c) { read(v, Memory{c.memory_mb.emplace()}); }},
    {"time",
     [](auto& v, auto& c) {
       read(v, Duration{c.time.emplace(), parse_time_limit});
     }},
    {"num_engines", [](auto& v, auto& c) { read(v, c.num_engines); }},
    {"min_workers", [](auto& v, auto& c) { read(v, c.min_workers); }},
    {"timeout", [](auto& v, auto& c) { read(v, Duration{c.timeout.emplace()}); }},
    {"idle_timeout", [](auto& v, auto& c) { read(v, Duration{c.idle_timeout.emplace()}); }},
    {"orphan_timeout", [](auto& v, auto& c) { read(v, Duration{c.orphan_timeout.emplace()}); }},
    {"local_directory", [](auto& v, auto& c) { read(v, c.local_directory); }},
    {"setup", [](auto& v, auto& c) { read(v, c.setup); }},
    {"prologue", [](auto& v, auto& c) { read(v, c.prologue); }},
    {"epilogue", [](auto& v, auto& c) { read(v, c.epilogue); }},
    {"template", [](auto& v, auto& c) { read(v, c.job_template); }},
    {"directives", [](auto& v, auto& c) { read(v, c.directives); }},
    {"drop_directives", [](auto& v, auto& c) { read(v, c.drop_directives); }},
    {"cluster", [](auto& v, auto& c) { read(v, c.cluster); }},
    {"pool", [](auto& v, auto& c) { read(v, c.pool); }},
    {"slurm_via", [](auto& v, auto& c) { read_choice(v, c.slurm_via.emplace(), via_words()); }},
    {"time_min",
     [](auto& v, auto& c) {
       read(v, Duration{c.time_min.emplace(), parse_time_limit});
     }},
    {"warning", [](auto& v, auto& c) { read(v, Duration{c.warning.emplace()}); }},
    {"qos", [](auto& v, auto& c) { read(v, c.qos); }},
    {"gpus", [](auto& v, auto& c) { read(v, c.gpus); }},
    {"ports", [](auto& v, auto& c) { read(v, c.ports.emplace()); }},
    {"interface", [](auto& v, auto& c) { read(v, c.interface); }},
    {"worker_binary", [](auto& v, auto& c) { read(v, c.worker_binary); }},
    {"exclude_nodes", [](auto& v, auto& c) { read(v, c.exclude_nodes); }},
};

}  // namespace

Micros parse_time_limit(std::string_view text) {
  const auto number = trim(text);
  const auto time = parse_duration(number);
  if (time > 0 && number.find_first_not_of("0123456789.") == number.npos)
    throw Error(Exit::usage, fmt::format("{} what?", number),
                fmt::format("write {0}m for minutes, {0}s for seconds", number));
  return time;
}

PortRange parse_ports(std::string_view text) {
  const auto parts = split(std::string(trim(text)), '-');
  const auto first = to_integer(parts.front()), last = to_integer(parts.back());
  if (parts.size() > 2 || !first || !last || *first < 1 || *last > 65535 || *first > *last)
    throw Error(Exit::usage, fmt::format("\"{}\" is no range of ports", printable(text)),
                "write the first and the last: 60001-63000");
  return {static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

std::string show_ports(PortRange ports) {
  return ports == PortRange{} ? "" : fmt::format("{}-{}", ports.first, ports.last);
}

Configuration parse_configuration(std::string_view yaml, const std::string& file) {
  Configuration configuration;
  const auto node = load_yaml(yaml, file);
  if (node.IsNull()) return configuration;
  read_map(Value{file, "the configuration", node}, configuration, user_keys);
  for (const auto& entry : node)
    if (!entry.second.IsNull())
      configuration.origins[entry.first.Scalar()] =
          fmt::format("{}:{}", file, entry.first.Mark().line + 1);
  return configuration;
}

std::vector<std::string> configuration_keys() {
  std::vector<std::string> names;
  for (const auto& key : user_keys) names.emplace_back(key.name);
  return names;
}

}  // namespace pcluster
