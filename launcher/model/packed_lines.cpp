// Many lines in one text.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/model/packed_lines.hpp"

#include <algorithm>
#include <utility>

namespace pcluster {

PackedLines::PackedLines(std::string text) : text_(std::move(text)), from_text_(true) {
  if (text_.empty()) return;
  if (text_.back() != '\n') text_ += '\n';
  begins_.reserve(static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '\n')));
  for (std::size_t at = 0; at < text_.size(); at = text_.find('\n', at) + 1)
    begins_.push_back(static_cast<std::uint32_t>(at));
}

PackedLines::PackedLines(const TrialLines& lines) {
  std::size_t size = 0;
  for (const auto& line : lines) size += line.size() + 1;
  text_.reserve(size);
  begins_.reserve(lines.size());
  for (const auto& line : lines) {
    begins_.push_back(static_cast<std::uint32_t>(text_.size()));
    text_ += line;
    text_ += '\n';
  }
}

std::string_view PackedLines::operator[](std::uint32_t line) const {
  if (line >= begins_.size()) return {};
  const std::size_t begin = begins_[line];
  const std::size_t next = line + 1 < begins_.size() ? begins_[line + 1] : text_.size();
  auto text = std::string_view(text_).substr(begin, next - 1 - begin);
  if (from_text_ && text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace pcluster
