// Where jobs that wait would start sooner, and what is reserved before them: asked of the live
// scheduler, when a person wants to know.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "adapters/adapter.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/model/messages.hpp"

namespace pcluster {

using Hints = std::vector<std::pair<std::string, std::string>>;  // as in Explanation

// For each pool with jobs that wait; a handful of commands at most, none of which submits anything.
Hints look_for_sooner(const Session&, const Status&);

// Of those, the pure parts.  Whether a partition would take jobs of this shape:
bool fits(const JobSpec&, const PartitionLimits&);
// When a job could begin, here or in another partition, and how that is told.
struct StartChoice {
  std::string partition;
  Micros start_unix = 0;
};
std::string sooner_text(const StartChoice* own, const std::vector<StartChoice>& others,
                        Micros now_unix);
// The first reservation that the jobs must wait for, if any; `start_unix`: the estimate for them, 0
// = none.
const Reservation* in_the_way(const std::vector<Reservation>&, const JobSpec&,
                              const std::vector<std::string>& nodes, Micros time, Micros start_unix,
                              Micros now_unix);
// How long a job may last that ends before it begins; 0 = not worth it.
Micros time_before(const Reservation&, Micros now_unix);
std::string reservation_text(const Reservation&, Micros fits, Micros now_unix);

}  // namespace pcluster
