// Have the workers come, and if not, can they still?  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "launcher/model/messages.hpp"

namespace pcluster {

struct Expected {  // of one submit
  std::string pool, token;
  std::uint32_t workers = 1, new_jobs = 1, nodes = 1;
};

struct Arrival {
  std::uint32_t home = 0, wanted = 0, hosts = 0;
  bool complete = false;        // all are home
  bool queued = false;          // the scheduler knows all jobs of this submit
  bool hopeless = false;        // no more can come
  bool refused = false;         // hopeless, for the scheduler refused the jobs
  bool explained = false;       // of every absent job the scheduler says why it waits
  bool never = false;           // and of every one that it will not start by itself
  std::uint32_t held_back = 0;  // jobs of this submit whose turn has not come
  std::vector<JobRow> absent;   // jobs whose workers are not (all) home, not ended
  std::vector<JobRow> died;     // jobs of this submit that ended before a worker came home
};

Arrival look(const Status&, const Expected&);

}  // namespace pcluster
