// Finds the verb, the option or the operand that is being typed.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/completion.hpp"

#include <algorithm>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

using Words = std::vector<std::string>;

bool is_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

const Option* find_option(const Verb* verb, std::string_view name) {
  const auto in = [&](std::span<const Option> options) -> const Option* {
    for (const auto& option : options)
      for (const auto& each : split(option.names, ','))
        if (each == name) return &option;
    return nullptr;
  };
  const auto* found = in(global_options());
  if (found == nullptr && verb != nullptr) found = in(verb->options);
  if (found == nullptr && verb != nullptr) found = in(verb->more_options);
  return found;
}

// "FILE", "ID.INDEX", "w0,w3-w5", "last": one word of a table.
void add_spec(Candidates& all, std::string_view spec, std::string_view help) {
  static constexpr std::pair<std::string_view, Completes> kinds[] = {
      {"FILE", Completes::file},       {"DIR", Completes::directory},
      {"ID", Completes::workload},     {"VERB", Completes::verb},
      {"w0", Completes::worker},       {"WORKER", Completes::worker},
      {"COMMAND", Completes::command}, {"PROGRAM", Completes::command},
      {"SITE", Completes::site}};
  for (const auto& [name, kind] : kinds)
    if (spec.starts_with(name)) all.kinds.push_back(kind);
  const auto literal = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  if (!spec.empty() && std::ranges::all_of(spec, literal))
    all.words.push_back({std::string(spec), std::string(help)});
}

void add_value(Candidates& all, const Option& option) {
  if (option.completes != Completes::unsaid) all.kinds.push_back(option.completes);
  for (const auto& spec : split(option.value, '|')) add_spec(all, spec, option.help);
}

void add_options(Candidates& all, std::span<const Option> options) {
  for (const auto& option : options)
    for (auto& name : split(option.names, ','))
      all.words.push_back({std::move(name), std::string(option.help)});
}

void add_verbs(Candidates& all) {
  for (const auto* verb : verbs())
    all.words.push_back({std::string(verb->name), std::string(verb->summary)});
}

// "[show|path|check FILE]": what the next operand may be, after those that are there.
void add_operand(Candidates& all, const Verb& verb, const Words& before) {
  const auto text = replace_all(replace_all(std::string(verb.operands_name), "[", ""), "]", "");
  for (const auto& alternative : split(text, '|')) {
    const auto specs = split(alternative, ' ');
    if (specs.size() <= before.size()) continue;
    if (std::ranges::equal(before, std::span(specs).first(before.size())))
      add_spec(all, specs[before.size()], "");
  }
}

struct Line {  // as far as it is typed, without the last word
  const Verb* verb = nullptr;
  bool unknown_verb = false, helps = false;
  const Option* open = nullptr;  // wants a value
  Words operands, command;
  bool dashes = false;  // `--` was there
};

void take(Line& line, const std::string& word) {
  const bool has_command = line.verb != nullptr && line.verb->operands == Operands::command;
  if (line.open != nullptr) {
    line.open = nullptr;
  } else if (line.dashes || !line.command.empty()) {
    (has_command ? line.command : line.operands).push_back(word);
  } else if (word == "--") {
    line.dashes = true;
  } else if (is_option(word)) {
    const auto* option = find_option(line.verb, word);
    const bool ranks = word == "-np" || word == "-n";  // as mpiexec is used
    if (option == nullptr && ranks) option = find_option(line.verb, "--np");
    if (option != nullptr && !option->value.empty()) line.open = option;
  } else if (line.verb == nullptr && !line.helps && !line.unknown_verb) {
    line.verb = find_verb(word);
    line.helps = line.verb == nullptr && word == "help";
    line.unknown_verb = line.verb == nullptr && !line.helps;
  } else {
    (has_command ? line.command : line.operands).push_back(word);
  }
}

void add_word(Candidates& all, const Line& line, const std::string& last) {
  const auto equals = last.find('=');
  const bool command = line.verb != nullptr && line.verb->operands == Operands::command;
  if (line.open != nullptr) {
    add_value(all, *line.open);
  } else if (command && (line.dashes || !line.command.empty())) {
    all.kinds.push_back(line.command.empty() ? Completes::command : Completes::file);
  } else if (last.starts_with("--") && equals != last.npos) {
    all.before = last.substr(0, equals + 1);
    const auto* option = find_option(line.verb, last.substr(0, equals));
    if (option != nullptr) add_value(all, *option);
  } else if (last.starts_with('-')) {
    add_options(all, global_options());
    if (line.helps) all.words.push_back({"--man", "as a man page"});
    if (line.verb == nullptr) all.words.push_back({"--version", "the version of pcluster"});
    if (line.verb == nullptr) return;
    add_options(all, line.verb->options);
    add_options(all, line.verb->more_options);
  } else if (line.verb == nullptr) {
    if (line.operands.empty()) add_verbs(all);
  } else if (command) {
    all.kinds.push_back(Completes::command);
  } else if (line.verb->operands == Operands::words) {
    add_operand(all, *line.verb, line.operands);
  }
}

// Bash cuts "--site=es" at its `=`.
Words without_equals(const Words& words) {
  Words kept;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool cut = words[i] == "=" && i > 0 && words[i - 1].starts_with("--");
    if (!cut) kept.push_back(words[i]);
    if (cut && i + 1 == words.size()) kept.emplace_back();
  }
  return kept;
}

// Only what begins as typed.  Workers come in lists: the last of "w0,w3" is being typed.
void keep_typed(Candidates& all, const std::string& typed) {
  all.typed = typed;
  const bool workers = std::ranges::find(all.kinds, Completes::worker) != all.kinds.end();
  if (const auto comma = typed.rfind(','); workers && comma != typed.npos) {
    all.before += typed.substr(0, comma + 1);
    all.typed.erase(0, comma + 1);
  }
  std::erase_if(all.words, [&](const auto& each) { return !each.word.starts_with(all.typed); });
}

}  // namespace

Candidates value_candidates(const Option& option, const std::string& typed) {
  Candidates all;
  add_value(all, option);
  keep_typed(all, typed);
  return all;
}

Candidates candidates(std::vector<std::string> words) {
  words = without_equals(words);
  if (words.empty()) words.emplace_back();
  Line line;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) take(line, words[i]);
  Candidates all;
  if (line.unknown_verb) return all;
  add_word(all, line, words.back());
  keep_typed(all, words.back().substr(all.before.size()));
  return all;
}

std::string typed_value(const std::vector<std::string>& words, std::string_view option) {
  std::string value;
  const auto all = without_equals(words);
  for (std::size_t i = 0; i + 1 < all.size() && all[i] != "--"; ++i) {
    const auto attached = std::string(option) + "=";
    if (all[i] == option && i + 2 < all.size()) value = all[i + 1];
    if (all[i].starts_with(attached)) value = all[i].substr(attached.size());
  }
  return value;
}

}  // namespace pcluster
