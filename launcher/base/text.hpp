// Text helpers: splitting, shell quoting (the only place that quotes), nearest names.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pcluster {

std::vector<std::string> split(std::string_view text, char separator);
std::vector<std::string> lines(std::string_view text);  // without their ends; no empty last line
std::string_view trim(std::string_view text);
std::string join(std::span<const std::string> words, std::string_view separator);
std::string replace_all(std::string text, std::string_view what, std::string_view with);

// One POSIX shell word, byte-exact whatever it holds (a NUL byte is refused with Error).
std::string shell_quote(std::string_view word);
std::string shell_join(std::span<const std::string> argv);

// The candidate that `word` was probably meant to be, if any is near enough (case-insensitive
// edit distance of at most a third of its length, at least 1).
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);
// ` (did you mean "partition"?)` or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

// fnmatch-like: `*` and `?` only.
bool matches(std::string_view text, std::string_view pattern);

// Control bytes of `text` made visible, so that no output of a task can drive the terminal.
std::string printable(std::string_view text);

// The whole of `text` as an integer, or nothing.
std::optional<long long> to_integer(std::string_view text);

}  // namespace pcluster
