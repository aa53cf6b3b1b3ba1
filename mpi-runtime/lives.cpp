// The lives of a worker below one guard.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/lives.hpp"

#include <algorithm>

namespace pcluster {
namespace {

constexpr Micros cost = 500 * millisecond;  // twice a second for ever
constexpr Micros most_owed = 10 * second;   // and twenty at once

}  // namespace

bool Lives::another(bool was_home, Micros now) {
  const auto until = std::max(now, spent_until_) + cost;
  if (!was_home || until > now + most_owed) return false;
  spent_until_ = until;
  ++number_;
  return true;
}

}  // namespace pcluster
