// Job-script templates: mustache with our own escapers, and misses as errors.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pcluster {

// A value is quoted by its type where it is set in, and refused where that quoting would not hold.
struct ShellWord {
  std::string text;
};  // becomes one quoted shell word
struct ShellWords {
  std::vector<std::string> words;
};  // several, with blanks between
struct DirectiveValue {
  std::string text;
};  // for directive lines, which are no shell: a line break is an Error
struct ShellLines {
  std::vector<std::string> lines;
};  // the user's own shell, as it is
struct ShellCode {
  std::string text;
};  // ours: `${SLURM_JOB_ID}`; never from a user or a site
using Field = std::variant<ShellWord, ShellWords, DirectiveValue, ShellLines, ShellCode,
                           std::vector<DirectiveValue>, bool>;
using Fields = std::map<std::string, Field>;

// Throws Error on an unknown field (with the nearest name), on `{{{x}}}`, `{{&x}}`, partials and
// new delimiters, on a value that cannot be quoted for its place.  Sections test for "not empty";
// in one over a list, `{{.}}` is the element.  Lines that start with `##` are the template's own
// comments and vanish.  `file` is only for messages.
std::string render(std::string_view text, const Fields& fields, const std::string& file);
// The names of all its tags.
std::vector<std::string> fields_used(std::string_view text, const std::string& file);

}  // namespace pcluster
