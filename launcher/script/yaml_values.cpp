// Values of a YAML map by a table of its keys.  Pure.
// SPDX-License-Identifier: MIT
#include "launcher/script/yaml_values.hpp"

#include <limits>

#include "launcher/base/error.hpp"
#include "launcher/script/site.hpp"

namespace pcluster {

void Value::fail(const std::string& what, std::string hint) const {
  throw Error(Exit::usage, fmt::format("{}:{}: {}", file, std::max(node.Mark().line, 0) + 1, what),
              std::move(hint));
}
void Value::must_be(std::string_view what, std::string_view nearest_name) const {
  fail(fmt::format("`{}` must be {}, not {}{}", key, what,
                   node.IsScalar() ? fmt::format("`{}`", printable(node.Scalar()))
                   : node.IsMap()  ? "a map"
                   : node.IsNull() ? "empty"
                                   : "a list",
                   nearest_name));
}
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

void read_choice(const Value& value, std::string& to, const std::vector<std::string>& words) {
  read(value, to);
  if (std::ranges::find(words, to) == words.end())
    value.must_be("one of " + join(words, ", "), did_you_mean(to, words));
}

void read(const Value& value, Memory to) {
  const auto& text = scalar(value, "an amount of memory");
  try {
    to.mb = parse_memory_mb(text);
  } catch (const Error& error) {
    value.fail(fmt::format("`{}`: {}", value.key, error.what()), error.hint());
  }
}
void read(const Value& value, PortRange& to) {
  const auto& text = scalar(value, "a range of ports");
  try {
    to = parse_ports(text);
  } catch (const Error& error) {
    value.fail(fmt::format("`{}`: {}", value.key, error.what()), error.hint());
  }
}
void read(const Value& value, Duration to) {
  const auto& text = scalar(value, "a duration");
  try {
    to.micros = to.parse(text);
  } catch (const Error& error) {
    value.fail(fmt::format("`{}`: {}", value.key, error.what()), error.hint());
  }
}

std::vector<Entry> entries_of(const Value& map) {
  if (!map.node.IsMap()) map.must_be("a map of keys and values");
  std::vector<Entry> entries;
  for (const auto& entry : map.node) {
    const YAML::Node &name = entry.first, &node = entry.second;
    const std::string key = name.IsScalar() ? name.Scalar() : "?";
    const Value at_key{map.file, key, name};
    if (std::ranges::any_of(entries, [&](const Entry& seen) { return seen.value.key == key; }))
      at_key.fail(fmt::format("key `{}` is given twice", printable(key)));
    entries.push_back({at_key, {map.file, key, node}});
  }
  return entries;
}

void unknown_key(const Value& key, const std::vector<std::string>& names) {
  const auto near = nearest(key.key, names);
  key.fail(fmt::format("unknown key `{}`{}", printable(key.key),
                       near ? fmt::format(" (did you mean `{}`?)", *near) : ""),
           "the keys here are " + join(names, ", "));
}

YAML::Node load_yaml(std::string_view text, const std::string& file) {
  try {
    return YAML::Load(std::string(text));
  } catch (const YAML::ParserException& error) {
    throw Error(Exit::usage,
                fmt::format("{}:{}: not YAML: {}", file, error.mark.line + 1, error.msg),
                "check the indentation, and put quotes around texts with `:` `#` `{` or `*`");
  }
}

}  // namespace pcluster
