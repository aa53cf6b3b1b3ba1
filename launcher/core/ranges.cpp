// A set of indices kept as runs or bits.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/ranges.hpp"

#include <algorithm>
#include <bit>
#include <iterator>

namespace pcluster {
namespace {

constexpr std::size_t few_runs = 4096, run_bytes = 48;
constexpr std::uint64_t word_bits = 64;

// Each word of bits that a range has a part in, and which of its bits.
template <class Each>
void each_word(Range range, Each each) {
  const std::uint64_t end = std::uint64_t{range.first} + range.count;
  for (std::uint64_t at = range.first; at < end;) {
    const auto bit = at % word_bits, count = std::min(word_bits - bit, end - at);
    const auto ones = ~std::uint64_t{0} >> (word_bits - count);
    each(static_cast<std::size_t>(at / word_bits), ones << bit);
    at += count;
  }
}

}  // namespace

void Ranges::add(Range range) {
  if (range.count == 0) return;
  size_ += range.count;
  if (!bits_.empty()) return set(range);
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
  pack();
}

void Ranges::remove(Range range) {
  if (range.count == 0 || !contains(range)) return;
  size_ -= range.count;
  if (!bits_.empty()) return clear(range);
  const auto run = std::prev(runs_.upper_bound(range.first));
  const Range whole{run->first, run->second};
  runs_.erase(run);
  if (range.first > whole.first) runs_[whole.first] = range.first - whole.first;
  if (range.end() < whole.end()) runs_[range.end()] = whole.end() - range.end();
  pack();
}

// Once runs are many, and bits up to the last of them take less.
void Ranges::pack() {
  if (runs_.size() <= few_runs) return;
  const auto [first, count] = *runs_.rbegin();
  if ((std::uint64_t{first} + count) / 8 > runs_.size() * run_bytes) return;
  low_ = runs_.begin()->first / word_bits;
  for (const auto& [begin, length] : runs_) set({begin, length});
  runs_.clear();
}

void Ranges::set(Range range) {
  const auto words = (std::uint64_t{range.first} + range.count + word_bits - 1) / word_bits;
  if (bits_.size() < words) bits_.resize(words);
  low_ = std::min<std::size_t>(low_, range.first / word_bits);
  each_word(range, [&](std::size_t word, std::uint64_t mask) { bits_[word] |= mask; });
}

void Ranges::clear(Range range) {
  each_word(range, [&](std::size_t word, std::uint64_t mask) { bits_[word] &= ~mask; });
  if (size_ == 0) bits_ = std::vector<std::uint64_t>();
  while (size_ > 0 && bits_[low_] == 0) ++low_;
}

bool Ranges::contains(Range range) const {
  if (bits_.empty()) {
    const auto next = runs_.upper_bound(range.first);
    if (next == runs_.begin()) return false;
    const auto run = std::prev(next);
    return range.end() <= run->first + run->second;
  }
  bool whole = true;
  each_word(range, [&](std::size_t word, std::uint64_t mask) {
    whole = whole && word < bits_.size() && (bits_[word] & mask) == mask;
  });
  return whole;
}

Range Ranges::front(std::uint32_t most) const {
  if (!bits_.empty()) return run_from(low_ * word_bits, most);
  if (runs_.empty()) return {};
  return {runs_.begin()->first, std::min(most, runs_.begin()->second)};
}

// The first run of bits that begins there or later.
Range Ranges::run_from(std::uint64_t index, std::uint32_t most) const {
  const auto ahead = [&](std::uint64_t at) { return bits_[at / word_bits] >> at % word_bits; };
  const auto end = bits_.size() * word_bits;
  auto first = index;
  while (first < end && ahead(first) == 0) first += word_bits - first % word_bits;
  if (first >= end) return {};
  first += static_cast<std::uint64_t>(std::countr_zero(ahead(first)));
  auto last = first;
  while (last < end && last - first < most) {
    const auto ones = static_cast<std::uint64_t>(std::countr_one(ahead(last)));
    last += ones;
    if (ones == 0 || last % word_bits != 0) break;
  }
  const auto count = std::min<std::uint64_t>(last - first, most);
  return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count)};
}

std::vector<Range> Ranges::runs() const {
  std::vector<Range> all_runs;
  for (const auto& [first, count] : runs_) all_runs.push_back({first, count});
  if (bits_.empty()) return all_runs;
  for (auto run = front(); run.count > 0; run = run_from(std::uint64_t{run.first} + run.count, all))
    all_runs.push_back(run);
  return all_runs;
}

std::size_t Ranges::bytes() const { return runs_.size() * run_bytes + bits_.capacity() * 8; }

}  // namespace pcluster
