// Output of many, line by line, each with its owner's name.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/line_prefix.hpp"

namespace pcluster {
namespace {

constexpr std::size_t longest = 64 * 1024;  // a longer line comes in pieces

}  // namespace

std::string LinePrefix::add(std::string_view bytes) {
  std::string lines;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    open_ += bytes.substr(0, end);
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    if (end != bytes.npos || open_.size() >= longest) {
      lines += prefix_ + open_ + "\n";
      open_.clear();
    }
  }
  return lines;
}

std::string LinePrefix::rest() {
  if (open_.empty()) return {};
  return add("\n");
}

}  // namespace pcluster
