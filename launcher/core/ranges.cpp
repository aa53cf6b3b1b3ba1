// A set of indices kept as runs.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/ranges.hpp"

#include <iterator>

namespace pcluster {

void Ranges::add(Range range) {
  if (range.count == 0) return;
  size_ += range.count;
  auto next = runs_.upper_bound(range.first);
  if (next != runs_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == range.first) {
      range = {before->first, before->second + range.count};
      next = runs_.erase(before);
    }
  }
  if (next != runs_.end() && next->first == range.end()) {
    range.count += next->second;
    runs_.erase(next);
  }
  runs_[range.first] = range.count;
}

void Ranges::remove(Range range) {
  if (range.count == 0 || !contains(range)) return;
  const auto run = std::prev(runs_.upper_bound(range.first));
  const Range whole{run->first, run->second};
  runs_.erase(run);
  if (range.first > whole.first) runs_[whole.first] = range.first - whole.first;
  if (range.end() < whole.end()) runs_[range.end()] = whole.end() - range.end();
  size_ -= range.count;
}

bool Ranges::contains(Range range) const {
  const auto next = runs_.upper_bound(range.first);
  if (next == runs_.begin()) return false;
  const auto run = std::prev(next);
  return range.end() <= run->first + run->second;
}

Range Ranges::front() const {
  if (runs_.empty()) return {};
  return {runs_.begin()->first, runs_.begin()->second};
}

}  // namespace pcluster
