// A set of indices kept as runs: a million queued tasks are one run.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <map>

namespace pcluster {

struct Range {
  std::uint32_t first = 0, count = 0;
  std::uint32_t end() const { return first + count; }
  bool operator==(const Range&) const = default;
};

class Ranges {
 public:
  Ranges() = default;
  explicit Ranges(std::uint32_t count) { add({0, count}); }

  void add(Range);     // none of it may be present; neighbours grow together
  void remove(Range);  // all of it must be present
  bool contains(Range) const;
  bool contains(std::uint32_t index) const { return contains(Range{index, 1}); }
  Range front() const;  // the lowest run; count 0 when there is none
  std::uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const std::map<std::uint32_t, std::uint32_t>& runs() const { return runs_; }

 private:
  std::map<std::uint32_t, std::uint32_t> runs_;  // first -> count
  std::uint32_t size_ = 0;
};

}  // namespace pcluster
