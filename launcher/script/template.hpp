// Job-script templates: mustache with our own escapers, and misses as errors.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pcluster {

// A value is quoted by its type where it is set in.
struct ShellWord { std::string text; };       // becomes one quoted shell word
struct DirectiveValue { std::string text; };  // for directive lines, which are no shell: a line break is an Error
struct ShellLines { std::vector<std::string> lines; };  // the user's own shell, as it is
struct ShellCode { std::string text; };       // ours: `${SLURM_JOB_ID}`; never from a user or a site
using Field = std::variant<ShellWord, DirectiveValue, ShellLines, ShellCode, std::vector<DirectiveValue>, bool>;

// Throws Error on an unknown field (with the nearest name), `{{{x}}}` and `{{&x}}`, or a value that cannot
// be quoted for its place.  Lines that start with `##` are the template's own comments and vanish.
std::string render(std::string_view text, const std::map<std::string, Field>& fields, const std::string& file);

}  // namespace pcluster
