// Many lines in one text: the trials of a large workload, at their length and 4 bytes each.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/model/spec.hpp"

namespace pcluster {

class PackedLines {
 public:
  static constexpr std::size_t most_bytes = 0xffff'ffff;

  PackedLines() = default;
  explicit PackedLines(std::string text);  // as lines() of it; of most_bytes at most
  PackedLines(const TrialLines&);          // NOLINT: what they hold, to the letter

  std::uint32_t size() const { return static_cast<std::uint32_t>(begins_.size()); }
  bool empty() const { return begins_.empty(); }
  std::string_view operator[](std::uint32_t line) const;

 private:
  std::string text_;
  std::vector<std::uint32_t> begins_;  // of each line; one byte lies between two
  bool from_text_ = false;             // a carriage return at a line's end is none of it
};

}  // namespace pcluster
