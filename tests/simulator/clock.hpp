// Virtual time and seeded chance: one seed is one history.
// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "launcher/base/units.hpp"

namespace pcluster::sim {

class Chance {  // splitmix64: the same on every machine
 public:
  explicit Chance(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::int64_t between(std::int64_t low, std::int64_t high) {  // both included
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool percent(std::int64_t p) { return between(0, 99) < p; }

 private:
  std::uint64_t state_;
};

class Clock {
 public:
  Time now = 0;

  void at(Time time, std::function<void()> what) {
    queue_.push_back({std::max(time, now), next_++, std::move(what)});
    std::push_heap(queue_.begin(), queue_.end());
  }
  void after(Micros wait, std::function<void()> what) { at(now + wait, std::move(what)); }
  bool step() {  // false: nothing will ever happen again
    if (queue_.empty()) return false;
    std::pop_heap(queue_.begin(), queue_.end());
    const auto entry = std::move(queue_.back());
    queue_.pop_back();
    now = entry.time;
    entry.what();
    return true;
  }
  std::uint64_t steps() const { return next_; }

 private:
  struct Entry {
    Time time;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Entry& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };
  std::vector<Entry> queue_;  // a heap
  std::uint64_t next_ = 0;
};

}  // namespace pcluster::sim
