// A set of indices kept as runs, or as bits where these are fewer: a million queued tasks are one
// run, every second of them 125 kB.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

namespace pcluster {

struct Range {
  std::uint32_t first = 0, count = 0;
  std::uint32_t end() const { return first + count; }
  bool operator==(const Range&) const = default;
};

class Ranges {
 public:
  static constexpr std::uint32_t all = std::numeric_limits<std::uint32_t>::max();

  Ranges() = default;
  explicit Ranges(std::uint32_t count) { add({0, count}); }

  void add(Range);     // none of it may be present; neighbours grow together
  void remove(Range);  // all of it must be present
  bool contains(Range) const;
  bool contains(std::uint32_t index) const { return contains(Range{index, 1}); }
  // The lowest run, or so much of its beginning; count 0 when there is none.
  Range front(std::uint32_t most = all) const;
  std::uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::vector<Range> runs() const;
  std::size_t bytes() const;  // of memory, about

 private:
  void pack();
  void set(Range);
  void clear(Range);
  Range run_from(std::uint64_t index, std::uint32_t most) const;

  std::map<std::uint32_t, std::uint32_t> runs_;  // first -> count; empty when there are bits
  std::vector<std::uint64_t> bits_;
  std::size_t low_ = 0;  // no bit is set in an earlier word
  std::uint32_t size_ = 0;
};

}  // namespace pcluster
