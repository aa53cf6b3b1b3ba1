// Lengths of tasks, and how short their whole could be.
// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <queue>
#include <vector>

#include "tests/simulator/clock.hpp"

namespace pcluster::sim {

// Of any index the same, whoever asks and when.
class Lengths {
 public:
  static Lengths around(Micros wall, int percent, std::uint64_t seed) {
    return {wall, percent / 100.0, 0, seed};
  }
  static Lengths log_normal(Micros median, double sigma, std::uint64_t seed) {
    return {median, 0, sigma, seed};
  }
  Micros operator()(std::uint32_t index) const {
    Chance chance((seed_ << 32) ^ index);
    const double a = unit(chance), b = unit(chance);
    const double normal = std::sqrt(-2 * std::log(a)) * std::cos(2 * std::numbers::pi * b);
    const double factor = sigma_ > 0 ? std::exp(sigma_ * normal) : 1 + share_ * (2 * b - 1);
    return std::max<Micros>(1, std::llround(static_cast<double>(median_) * factor));
  }

 private:
  Lengths(Micros median, double share, double sigma, std::uint64_t seed)
      : median_(median), share_(share), sigma_(sigma), seed_(seed) {}
  static double unit(Chance& chance) {  // above 0, at most 1
    return (static_cast<double>(chance.next() >> 11) + 1) / 9007199254740992.0;
  }
  Micros median_;
  double share_, sigma_;
  std::uint64_t seed_;
};

// No schedule is shorter.
inline double lower_bound_of(const Lengths& lengths, std::uint32_t tasks, std::uint32_t slots) {
  double sum = 0, longest = 0;
  for (std::uint32_t i = 0; i < tasks; ++i) {
    const auto wall = static_cast<double>(lengths(i));
    sum += wall;
    longest = std::max(longest, wall);
  }
  return std::max(longest, sum / slots);
}

// Each slot takes the next task the moment it is free, and no message takes any time: as good as
// can be for who does not know how long tasks are.
inline double without_messages(const Lengths& lengths, std::uint32_t tasks, std::uint32_t slots) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  for (std::uint32_t i = 0; i < slots; ++i) free.push(0);
  double last = 0;
  for (std::uint32_t i = 0; i < tasks; ++i) {
    const auto end = free.top() + static_cast<double>(lengths(i));
    free.pop();
    free.push(end);
    last = std::max(last, end);
  }
  return last;
}

}  // namespace pcluster::sim
