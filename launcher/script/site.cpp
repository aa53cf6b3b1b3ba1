// Site profiles and configuration from YAML: every complaint names file, line and key.  Pure.
// The one file that includes yaml-cpp.
// SPDX-License-Identifier: MIT
#include "launcher/script/site.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <limits>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

// One value, and what to say of it when it is wrong.
struct Value {
  const std::string& file;
  std::string key;
  YAML::Node node;

  [[noreturn]] void fail(const std::string& what, std::string hint = {}) const {
    throw Error(Exit::usage,
                fmt::format("{}:{}: {}", file, std::max(node.Mark().line, 0) + 1, what),
                std::move(hint));
  }
  [[noreturn]] void must_be(std::string_view what, std::string_view nearest_name = {}) const {
    fail(fmt::format("`{}` must be {}, not {}{}", key, what,
                     node.IsScalar() ? fmt::format("`{}`", printable(node.Scalar()))
                     : node.IsMap()  ? "a map"
                     : node.IsNull() ? "empty"
                                     : "a list",
                     nearest_name));
  }
};

const std::string& scalar(const Value& value, std::string_view what) {
  if (!value.node.IsScalar()) value.must_be(what);
  return value.node.Scalar();
}

void read(const Value& value, std::string& to) { to = scalar(value, "a text"); }

void read(const Value& value, bool& to) {
  if (!value.node.IsScalar() || !YAML::convert<bool>::decode(value.node, to))
    value.must_be("true or false");
}

void read(const Value& value, std::uint32_t& to) {
  const auto number = to_integer(scalar(value, "a whole number"));
  if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max())
    value.must_be("a whole number");
  to = static_cast<std::uint32_t>(*number);
}

template <class T>
void read(const Value& value, std::optional<T>& to) {
  read(value, to.emplace());
}

// A list of texts, one text, or a block of lines.
void read(const Value& value, std::vector<std::string>& to) {
  if (value.node.IsScalar()) {
    to = lines(value.node.Scalar());
    return;
  }
  if (!value.node.IsSequence()) value.must_be("a list of texts");
  for (std::size_t i = 0; i < value.node.size(); ++i)
    read(Value{value.file, fmt::format("{}[{}]", value.key, i), value.node[i]}, to.emplace_back());
}

// Sizes and durations have their own types only by their words.
struct Memory {
  std::uint64_t& mb;
};
void read(const Value& value, Memory to) {
  const auto& text = scalar(value, "an amount of memory");
  try {
    to.mb = parse_memory_mb(text);
  } catch (const Error& error) {
    value.fail(fmt::format("`{}`: {}", value.key, error.what()), error.hint());
  }
}
struct Duration {
  Micros& micros;
  Micros (*parse)(std::string_view) = parse_duration;
};
void read(const Value& value, Duration to) {
  const auto& text = scalar(value, "a duration");
  try {
    to.micros = to.parse(text);
  } catch (const Error& error) {
    value.fail(fmt::format("`{}`: {}", value.key, error.what()), error.hint());
  }
}

template <class T>
struct Key {
  const char* name;
  void (*take)(const Value&, T&);
};

// Fills `to` from a map by its table of keys.  A null value is a value not given.
template <class T, std::size_t N>
void read_map(const Value& map, T& to, const Key<T> (&keys)[N]) {
  if (!map.node.IsMap()) map.must_be("a map of keys and values");
  std::vector<std::string> names, seen;
  for (const auto& key : keys) names.emplace_back(key.name);
  for (const auto& entry : map.node) {
    const YAML::Node &name = entry.first, &node = entry.second;
    const Value value{map.file, name.IsScalar() ? name.Scalar() : "?", node};
    const Value at_key{map.file, value.key, name};
    const auto key = std::ranges::find_if(keys, [&](auto& k) { return value.key == k.name; });
    if (key == std::end(keys)) {
      const auto near = nearest(value.key, names);
      at_key.fail(fmt::format("unknown key `{}`{}", printable(value.key),
                              near ? fmt::format(" (did you mean `{}`?)", *near) : ""),
                  "the keys here are " + join(names, ", "));
    }
    if (std::ranges::find(seen, value.key) != seen.end())
      at_key.fail(fmt::format("key `{}` is given twice", value.key));
    seen.push_back(value.key);
    if (!node.IsNull()) key->take(value, to);
  }
}

const Key<SitePartition> partition_keys[] = {
    {"memory", [](auto& v, auto& p) { read(v, Memory{p.memory_mb.emplace()}); }},
    {"cores", [](auto& v, auto& p) { read(v, p.cores); }},
    {"max_time", [](auto& v, auto& p) { read(v, Duration{p.max_time.emplace()}); }},
    {"arch", [](auto& v, auto& p) { read(v, p.arch); }},
    {"source", [](auto& v, auto& p) { read(v, p.source); }},
};

const Key<SiteProfile> detect_keys[] = {
    {"hostname", [](auto& v, auto& s) { read(v, s.detect_hostnames); }},
    {"path", [](auto& v, auto& s) { read(v, s.detect_paths); }},
};

void read_detect(const Value& value, SiteProfile& site) { read_map(value, site, detect_keys); }

void read_partitions(const Value& value, SiteProfile& site) {
  if (!value.node.IsMap()) value.must_be("a map from names to what each offers");
  for (const auto& entry : value.node) {
    const YAML::Node &name = entry.first, &node = entry.second;
    SitePartition partition;
    partition.name = scalar({value.file, "name of a partition", name}, "a text");
    const auto same = [&](auto& other) { return other.name == partition.name; };
    if (std::ranges::any_of(site.partitions, same))
      Value{value.file, partition.name, name}.fail(
          fmt::format("partition `{}` is given twice", partition.name));
    if (!node.IsNull())
      read_map(Value{value.file, partition.name, node}, partition, partition_keys);
    site.partitions.push_back(std::move(partition));
  }
}

void read_mem_mode(const Value& value, SiteProfile& site) {
  read(value, site.mem_mode);
  const std::vector<std::string> modes{"node", "cpu", "none"};
  if (std::ranges::find(modes, site.mem_mode) == modes.end())
    value.must_be("one of " + join(modes, ", "), did_you_mean(site.mem_mode, modes));
}

const Key<SiteProfile> site_keys[] = {
    {"site", [](auto& v, auto& s) { read(v, s.name); }},
    {"description", [](auto& v, auto& s) { read(v, s.description); }},
    {"source", [](auto& v, auto& s) { read(v, s.source); }},
    {"verified_on", [](auto& v, auto& s) { read(v, s.verified_on); }},
    {"scheduler", [](auto& v, auto& s) { read(v, s.scheduler); }},
    {"detect", read_detect},
    {"mem_mode", read_mem_mode},
    {"memory_cushion", [](auto& v, auto& s) { read(v, Memory{s.memory_cushion_mb}); }},
    {"slots_per_worker", [](auto& v, auto& s) { read(v, s.slots_per_worker); }},
    {"default_partition", [](auto& v, auto& s) { read(v, s.default_partition); }},
    {"account", [](auto& v, auto& s) { read(v, s.account); }},
    {"account_required", [](auto& v, auto& s) { read(v, s.account_required); }},
    {"state_dir", [](auto& v, auto& s) { read(v, s.state_dir); }},
    {"local_directory", [](auto& v, auto& s) { read(v, s.local_directory); }},
    {"setup", [](auto& v, auto& s) { read(v, s.setup); }},
    {"prologue", [](auto& v, auto& s) { read(v, s.prologue); }},
    {"epilogue", [](auto& v, auto& s) { read(v, s.epilogue); }},
    {"directives", [](auto& v, auto& s) { read(v, s.directives); }},
    {"drop_directives", [](auto& v, auto& s) { read(v, s.drop_directives); }},
    {"job_template", [](auto& v, auto& s) { read(v, s.job_template); }},
    {"partitions", read_partitions},
    {"exclude", [](auto& v, auto& s) { read(v, s.exclude); }},
};

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
};

YAML::Node load(std::string_view text, const std::string& file) {
  try {
    return YAML::Load(std::string(text));
  } catch (const YAML::ParserException& error) {
    throw Error(Exit::usage,
                fmt::format("{}:{}: not YAML: {}", file, error.mark.line + 1, error.msg),
                "check the indentation, and put quotes around texts with `:` `#` `{` or `*`");
  }
}

}  // namespace

Micros parse_time_limit(std::string_view text) {
  const auto number = trim(text);
  const auto time = parse_duration(number);
  if (time > 0 && number.find_first_not_of("0123456789.") == number.npos)
    throw Error(Exit::usage, fmt::format("{} what?", number),
                fmt::format("write {0}m for minutes, {0}s for seconds", number));
  return time;
}

SiteProfile parse_site(std::string_view yaml, const std::string& file) {
  SiteProfile site;
  read_map(Value{file, "the profile", load(yaml, file)}, site, site_keys);
  for (const auto& [key, value] : {std::pair{"site", site.name}, {"scheduler", site.scheduler}})
    if (value.empty()) throw Error(Exit::usage, fmt::format("{}: key `{}` is missing", file, key));
  if (site.slots_per_worker == 0)
    throw Error(Exit::usage, fmt::format("{}: `slots_per_worker` must be at least 1", file),
                "null means one slot per core");
  return site;
}

Configuration parse_configuration(std::string_view yaml, const std::string& file) {
  Configuration configuration;
  const auto node = load(yaml, file);
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
