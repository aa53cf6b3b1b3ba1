// Values of a YAML map by a table of its keys: every complaint names file, line and key.
// For the files of this directory that read profiles and configuration.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/base/text.hpp"
#include "launcher/base/units.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

// One value, and what to say of it when it is wrong.
struct Value {
  const std::string& file;
  std::string key;
  YAML::Node node;

  [[noreturn]] void fail(const std::string& what, std::string hint = {}) const;
  [[noreturn]] void must_be(std::string_view what, std::string_view nearest_name = {}) const;
};

const std::string& scalar(const Value&, std::string_view what);
void read(const Value&, std::string& to);
void read(const Value&, bool& to);
void read(const Value&, std::uint32_t& to);
void read(const Value&, std::vector<std::string>& to);  // a list of texts, one text, or lines
// One of these words.
void read_choice(const Value&, std::string& to, const std::vector<std::string>& words);

template <class T>
void read(const Value& value, std::optional<T>& to) {
  read(value, to.emplace());
}

// Sizes and durations have their own types only by their words.
struct Memory {
  std::uint64_t& mb;
};
void read(const Value&, Memory to);
struct Duration {
  Micros& micros;
  Micros (*parse)(std::string_view) = parse_duration;
};
void read(const Value&, Duration to);
void read(const Value&, PortRange& to);

template <class T>
struct Key {
  const char* name;
  void (*take)(const Value&, T&);
};

// The entries of a map, each key once.
struct Entry {
  Value key, value;
};
std::vector<Entry> entries_of(const Value& map);
[[noreturn]] void unknown_key(const Value& key, const std::vector<std::string>& names);

// Fills `to` from a map by its table of keys.  A null value is a value not given.
template <class T, std::size_t N>
void read_map(const Value& map, T& to, const Key<T> (&keys)[N]) {
  for (const auto& entry : entries_of(map)) {
    const auto key = std::ranges::find_if(keys, [&](auto& k) { return entry.value.key == k.name; });
    if (key == std::end(keys)) {
      std::vector<std::string> names;
      for (const auto& each : keys) names.emplace_back(each.name);
      unknown_key(entry.key, names);
    }
    if (!entry.value.node.IsNull()) key->take(entry.value, to);
  }
}

YAML::Node load_yaml(std::string_view text, const std::string& file);

}  // namespace pcluster
