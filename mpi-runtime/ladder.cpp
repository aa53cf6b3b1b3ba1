// The ways to the launcher and which of them to try next.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/ladder.hpp"

#include <algorithm>

namespace pcluster {

Ladder::Ladder(Times times, double chance) : times_(times), chance_(chance) {}

Micros Ladder::spread(Micros time) const {
  return static_cast<Micros>(static_cast<double>(time) * chance_);
}

std::vector<Rung> Ladder::order(Time now) {
  if (!ssh_at_ && !was_home_)
    ssh_at_ = now + times_.first_ssh + spread(times_.ssh_spread);
  else if (!ssh_at_ && *was_home_ == Rung::direct)
    ssh_at_ = now + times_.ssh_after_direct + spread(times_.ssh_after_direct);
  else if (!ssh_at_)
    ssh_at_ = now + times_.ssh_again + spread(times_.ssh_again_spread);
  std::vector<Rung> rungs{Rung::direct, Rung::relay};
  if (now >= *ssh_at_) rungs.push_back(Rung::ssh);
  const auto best = last_ && now < prefer_until_ ? std::ranges::find(rungs, *last_) : rungs.end();
  if (best != rungs.end()) std::rotate(rungs.begin(), best, best + 1);
  return rungs;
}

void Ladder::failed(Rung rung, Time now) {
  if (rung == last_) last_.reset();
  if (rung != Rung::ssh) return;
  const auto pause =
      std::min(times_.longest_ssh_pause, times_.ssh_pause << std::min(ssh_failures_, 10u));
  ++ssh_failures_;
  ssh_at_ = now + pause / 2 + spread(pause / 2);
}

// The trouble that led here is over: the next one begins anew.
void Ladder::worked(Rung rung, Time now) {
  last_ = rung;
  was_home_ = rung;
  prefer_until_ = now + times_.prefer;
  ssh_failures_ = 0;
  ssh_at_.reset();
  if (rung == Rung::ssh) ssh_at_ = now;
}

}  // namespace pcluster
