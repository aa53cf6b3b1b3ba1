// Parses a verb's options with CLI11, from the verb's own table; the only file that knows CLI11.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/arguments.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/verbs.hpp"

namespace pcluster {
namespace {

using Words = std::vector<std::string>;

std::string help_hint(std::string_view verb) {
  return fmt::format("see: pcluster {} --help", verb);
}

const Option* find_option(const Verb& verb, std::string_view name) {
  for (const auto options : {verb.options, verb.more_options, global_options()})
    for (const auto& option : options)
      for (const auto& each : split(option.names, ','))
        if (each == name) return &option;
  return nullptr;
}

// `-np 4` and `-n 4`, as mpiexec is used: a short option of two letters is unknown to CLI11.
std::string spelled_out(const Verb& verb, const std::string& word) {
  const bool ranks = word == "-np" || word == "-n";
  return ranks && find_option(verb, "--np") != nullptr ? "--np" : word;
}

// Where a command begins: behind `--`, or at the first word that is no option and no option's
// value.
std::size_t command_begin(const Verb& verb, const Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (word == "--" || word.size() < 2 || word.front() != '-') return i;
    const auto* option = find_option(verb, spelled_out(verb, word));
    if (option != nullptr && !option->value.empty()) ++i;
  }
  return words.size();
}

[[noreturn]] void reject(const Verb& verb, const std::string& word) {
  const auto name = word.substr(0, word.find('='));
  if (name.front() != '-' || name.size() < 2)
    throw Error(Exit::usage, fmt::format("{}: unexpected word \"{}\"", verb.name, word),
                help_hint(verb.name));
  const auto names = option_names(verb);
  throw Error(Exit::usage,
              fmt::format("{}: unknown option {}{}", verb.name, name,
                          name.size() > 2 ? did_you_mean(name, names) : ""),  // -n is near all
              help_hint(verb.name));
}

}  // namespace

Arguments::Arguments(const Verb& verb, const Words& typed) {
  auto words = verb.spell != nullptr ? verb.spell(typed) : typed;
  if (verb.operands == Operands::command) {
    const auto begin = words.begin() + static_cast<long>(command_begin(verb, words));
    const auto first = begin != words.end() && *begin == "--" ? begin + 1 : begin;
    command_.assign(first, words.end());
    words.erase(begin, words.end());
  }
  for (auto& word : words) word = spelled_out(verb, word);
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  for (const auto options : {verb.options, verb.more_options, global_options()}) {
    for (const auto& option : options) {
      const auto store = [this, name = std::string(long_name(option))](const Words& values) {
        auto& all = values_[name];
        all.insert(all.end(), values.begin(), values.end());
        return true;
      };
      auto* added = option.value.empty()
                        ? app.add_flag_callback(std::string(option.names), [store] { store({""}); })
                        : app.add_option(std::string(option.names), store);
      if (option.value.empty()) continue;
      added->type_size(1)->expected(1)->multi_option_policy(
          option.many ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
    }
  }
  try {
    app.parse(Words(words.rbegin(), words.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& error) {
    throw Error(Exit::usage, fmt::format("{}: {}", verb.name, error.what()), help_hint(verb.name));
  }
  for (auto& word : app.remaining()) {
    if (word == "--") continue;
    if (verb.operands != Operands::words || (word.size() > 1 && word.front() == '-'))
      reject(verb, word);
    operands_.push_back(std::move(word));
  }
}

bool Arguments::has(std::string_view name) const { return values_.find(name) != values_.end(); }

Words Arguments::all(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? Words{} : found->second;
}

std::optional<std::string> Arguments::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return {};
  return found->second.back();
}

std::optional<std::uint32_t> Arguments::number(std::string_view name, std::uint32_t least) const {
  const auto word = text(name);
  if (!word) return {};
  const auto value = to_integer(*word);
  if (!value || *value < least || *value > std::numeric_limits<std::uint32_t>::max())
    throw Error(Exit::usage, fmt::format("--{} wants a whole number of at least {}, not \"{}\"",
                                         name, least, *word));
  return static_cast<std::uint32_t>(*value);
}

std::optional<std::int32_t> Arguments::integer(std::string_view name) const {
  const auto word = text(name);
  if (!word) return {};
  const auto value = to_integer(*word);
  if (!value || *value < std::numeric_limits<std::int32_t>::min() ||
      *value > std::numeric_limits<std::int32_t>::max())
    throw Error(Exit::usage, fmt::format("--{} wants a whole number, not \"{}\"", name, *word));
  return static_cast<std::int32_t>(*value);
}

namespace {

template <class Parse>
auto named(std::string_view name, const std::optional<std::string>& word, Parse parse)
    -> std::optional<decltype(parse(*word))> {
  if (!word) return {};
  try {
    return parse(*word);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("--{}: {}", name, error.what()), error.hint());
  }
}

}  // namespace

std::optional<Micros> Arguments::duration(std::string_view name) const {
  return named(name, text(name), [](const std::string& word) { return parse_duration(word); });
}

std::optional<std::uint64_t> Arguments::memory_mb(std::string_view name) const {
  return named(name, text(name), [](const std::string& word) { return parse_memory_mb(word); });
}

CommandLine find_verb_in(const Words& words) {
  CommandLine line;
  std::size_t i = 0;
  for (; i < words.size() && words[i].size() > 1 && words[i].front() == '-'; ++i) {
    line.words.push_back(words[i]);
    const bool takes_value = words[i] == "--cluster";
    if (takes_value && i + 1 < words.size()) line.words.push_back(words[++i]);
  }
  if (i < words.size()) line.verb = words[i++];
  line.words.insert(line.words.end(), words.begin() + static_cast<long>(i), words.end());
  return line;
}

bool wants_json(const Words& words) {
  auto line = find_verb_in(words);
  const auto* verb = find_verb(line.verb);
  if (verb != nullptr && verb->spell != nullptr) line.words = verb->spell(line.words);
  auto end = std::ranges::find(line.words, "--");
  if (verb != nullptr && verb->operands == Operands::command)
    end = line.words.begin() + static_cast<long>(command_begin(*verb, line.words));
  return std::find(line.words.begin(), end, "--json") != end;
}

}  // namespace pcluster
