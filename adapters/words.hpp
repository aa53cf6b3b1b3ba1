// Words in what schedulers' commands say.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <string_view>

namespace pcluster {

// Whatever the case of letters.
inline bool holds(std::string_view text, std::string_view words) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
  const auto same = [&](char a, char b) { return lower(a) == lower(b); };
  return std::ranges::search(text, words, same).begin() != text.end();
}

}  // namespace pcluster
