// Rendering through kainjow's mustache, which knows neither quoting nor misses: both are ours.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/script/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <kainjow/mustache.hpp>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/script/tags.hpp"

namespace pcluster {
namespace {

namespace mustache = kainjow::mustache;
using DirectiveList = std::vector<DirectiveValue>;

// Where a value of each type may stand, and what to say elsewhere.
struct Rule {
  bool code, double_quotes, directive, alone;
  std::string_view what;
};
struct RuleOf {
  Rule operator()(const ShellWord&) const { return word; }
  Rule operator()(const ShellWords&) const { return word; }
  Rule operator()(const DirectiveValue&) const { return directive; }
  Rule operator()(const ShellLines&) const {
    return {true, false, false, true, "shell lines: they stand alone on a line"};
  }
  Rule operator()(const ShellCode&) const {
    return {true, true, false, false, "shell code: it stands where the shell expands it"};
  }
  Rule operator()(const DirectiveList&) const {
    return {false, false, false, false, "a list: write a section over it, with {{.}} inside"};
  }
  Rule operator()(bool) const {
    return {false, false, false, false, "yes or no: it can only open a section"};
  }

  static constexpr Rule word{true, false, false, false,
                             "a shell word that brings its own quotes: it stands in plain shell, "
                             "outside quotes, comments and here-documents"};
  static constexpr Rule directive{false, false, true, false,
                                  "a directive: it stands on a line that starts with #"};
};

bool allows(const Rule& rule, const Tag& tag) {
  if (rule.alone && !tag.alone) return false;
  switch (tag.place) {
    case Place::code: return rule.code;
    case Place::double_quotes: return rule.double_quotes;
    case Place::directive: return rule.directive;
    case Place::unsafe: return false;
  }
  return false;
}

class Check {
 public:
  Check(const Fields& fields, const std::string& file) : fields_(fields), file_(file) {}

  void operator()(const Tag& tag) {
    if (tag.name == ".") return element(tag);
    const auto& field = known(tag);
    if (tag.kind == '#') open_.push_back(&field);
    if (tag.kind == '^') open_.push_back(nullptr);
    if (tag.kind == '/') open_.pop_back();
    if (tag.kind == 'v') stands(tag, std::visit(RuleOf{}, field));
  }

 private:
  [[noreturn]] void fail(const Tag& tag, const std::string& what, std::string hint = {}) const {
    throw Error(Exit::usage, fmt::format("{}:{}: {}", file_, tag.line, what), std::move(hint));
  }

  const Field& known(const Tag& tag) const {
    const auto found = fields_.find(tag.name);
    if (found != fields_.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [name, field] : fields_) names.push_back(name);
    const auto near = nearest(tag.name, names);
    fail(tag,
         fmt::format("unknown field `{}`{}", tag.name,
                     near ? fmt::format(" (did you mean `{}`?)", *near) : ""),
         "the fields are " + join(names, ", "));
  }

  void stands(const Tag& tag, const Rule& rule) const {
    if (!allows(rule, tag)) fail(tag, fmt::format("`{}` is {}", tag.name, rule.what));
  }

  void element(const Tag& tag) const {
    const bool list = !open_.empty() && open_.back() != nullptr &&
                      std::holds_alternative<DirectiveList>(*open_.back());
    if (!list || tag.kind != 'v') fail(tag, "{{.}} stands only in a section over a list");
    stands(tag, RuleOf::directive);
  }

  const Fields& fields_;
  const std::string& file_;
  std::vector<const Field*> open_;  // the sections around; null: an inverted one
};

std::string directive(const DirectiveValue& value) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; };
  if (std::any_of(value.text.begin(), value.text.end(), control))
    throw Error(Exit::usage,
                fmt::format("the directive \"{}\" holds a line break or a control character",
                            printable(value.text)),
                "a directive is one line of the job script: give each its own --directive");
  return value.text;
}

// One option a line, for people who read the script.
std::string options(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += word.starts_with("--") ? " \\\n  " : " ";
    text += shell_quote(word);
  }
  return text;
}

// Empty values are false to sections, which else take every text for true.
struct ToData {
  mustache::data operator()(const ShellWord& word) const { return shell_quote(word.text); }
  mustache::data operator()(const ShellWords& words) const { return text(options(words.words)); }
  mustache::data operator()(const DirectiveValue& value) const { return text(directive(value)); }
  mustache::data operator()(const ShellLines& lines) const { return text(join(lines.lines, "\n")); }
  mustache::data operator()(const ShellCode& code) const { return text(code.text); }
  mustache::data operator()(const DirectiveList& values) const {
    mustache::data list{mustache::data::type::list};
    for (const auto& value : values) list << mustache::data{directive(value)};
    return list;
  }
  mustache::data operator()(bool yes) const { return yes; }

  static mustache::data text(const std::string& text) {
    return text.empty() ? mustache::data{false} : mustache::data{text};
  }
};

// Without comments; a section's tag alone on its line takes no line (mustache says so, kainjow
// leaves an empty one where the section is not rendered).
std::string prepared(std::string_view text) {
  std::string kept;
  for (const auto& line : split(text, '\n')) {
    const auto tag = trim(line);
    const bool section = tag.starts_with("{{#") || tag.starts_with("{{^") || tag.starts_with("{{/");
    if (line.starts_with("##")) continue;
    if (section && tag.find("}}") == tag.size() - 2)
      kept += tag;
    else
      kept += line + '\n';
  }
  if (!kept.empty() && kept.back() == '\n') kept.pop_back();  // split() sees a line after the last
  return kept;
}

}  // namespace

std::vector<std::string> fields_used(std::string_view text, const std::string& file) {
  std::vector<std::string> names;
  for (auto& tag : find_tags(text, file)) names.push_back(std::move(tag.name));
  return names;
}

std::string render(std::string_view text, const Fields& fields, const std::string& file) {
  Check check(fields, file);
  for (const auto& tag : find_tags(text, file)) check(tag);
  mustache::data data;
  for (const auto& [name, field] : fields) data.set(name, std::visit(ToData{}, field));
  mustache::mustache script{prepared(text)};
  script.set_custom_escape([](const std::string& quoted) { return quoted; });
  auto rendered = script.render(data);
  if (!script.is_valid())
    throw Error(Exit::usage, fmt::format("{}: {}", file, script.error_message()));
  return rendered;
}

}  // namespace pcluster
