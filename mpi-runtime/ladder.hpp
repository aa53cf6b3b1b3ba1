// The ways to the launcher and which of them to try next.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <vector>
#include "launcher/base/units.hpp"

namespace pcluster {

enum class Rung : std::uint8_t {
  direct,  // each of the launcher's addresses
  relay,   // through a worker that is home
  ssh      // through the user's own ssh
};

class Ladder {
 public:
  struct Times {
    Micros prefer = 600 * second;        // what has worked goes first for so long
    Micros direct_again = 600 * second;  // another way has held so long: is the direct one back?
    // Not at once: a thousand workers that cannot reach the launcher would all log in, and those
    // that are slower find a relay.  Sooner for those who have been home by another way than the
    // direct one: they have tasks, and are given up when they are away for long.  Much later where
    // the direct way has worked: there the launcher itself is away.
    Micros first_ssh = 4 * second, ssh_spread = 6 * second;
    Micros ssh_again = second, ssh_again_spread = 4 * second;
    Micros ssh_after_direct = 300 * second;
    Micros ssh_pause = 60 * second, longest_ssh_pause = 900 * second;  // after it has failed
  };
  // `chance` in [0, 1): what this worker adds, so that not all do the same at once.
  Ladder(Times, double chance);

  std::vector<Rung> order(Time now);  // of a round that begins now
  void failed(Rung, Time now);
  void worked(Rung, Time now);

 private:
  Micros spread(Micros time) const;

  Times times_;
  double chance_;
  std::optional<Rung> last_;  // that worked
  Time prefer_until_ = 0;
  std::optional<Time> ssh_at_;
  unsigned ssh_failures_ = 0;
  std::optional<Rung> was_home_;  // the last time
};

}  // namespace pcluster
