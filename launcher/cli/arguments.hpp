// What was typed: options by their names, operands, the command after `--`.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/base/units.hpp"

namespace pcluster {

struct Verb;

class Arguments {
 public:
  // `words` follow the verb.  Throws Error(Exit::usage): an unknown option with the nearest one.
  Arguments(const Verb&, const std::vector<std::string>& words);

  // Names are long ones without dashes; a name that the verb does not have is a bug of ours.
  bool has(std::string_view name) const;
  std::optional<std::string> text(std::string_view name) const;  // the last one given
  std::vector<std::string> all(std::string_view name) const;
  // A whole number from `least` up, or an Error that names the option.
  std::optional<std::uint32_t> number(std::string_view name, std::uint32_t least = 0) const;
  std::optional<std::int32_t> integer(std::string_view name) const;
  std::optional<Micros> duration(std::string_view name) const;
  std::optional<std::uint64_t> memory_mb(std::string_view name) const;

  const std::vector<std::string>& operands() const { return operands_; }
  const std::vector<std::string>& command() const { return command_; }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> operands_, command_;
};

// The whole command line: the verb (global options may stand before it) and the words after it.
struct CommandLine {
  std::string verb;                // empty: none
  std::vector<std::string> words;  // the global options before the verb included
};
CommandLine find_verb_in(const std::vector<std::string>& words);

// Whether --json was typed before the command: asked before all else parses, for the form of
// errors.
bool wants_json(const std::vector<std::string>& words);

}  // namespace pcluster
