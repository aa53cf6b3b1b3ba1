// When a worker's job ends, and what a warning of the scheduler means.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string_view>
#include "launcher/base/units.hpp"
#include "mpi-runtime/agent.hpp"

namespace pcluster {

struct JobEnd {
  Micros ends_unix = 0;   // 0 = not known, or no limit
  Micros warning = 0;     // no more tasks from so long before it on; 0 = none is wanted
  bool by_clock = false;  // the scheduler says nothing: our own clock does
};

// What the job script exports: Unix seconds of the end, seconds of the warning, the name of the
// signal that the scheduler sends then (empty: it sends none).  At most half of the job is warning.
JobEnd job_end(std::string_view end, std::string_view warning, std::string_view signal,
               Micros started_unix);

// The scheduler has warned: the job ends in so long; 0 = soon, nobody knows when.  Its warnings may
// come up to a minute early, and a job may have been given another end than it began with.
Micros warned_within(const JobEnd&, Micros unix_now);

Agent::Limits limits_of(const JobEnd&, Time now, Micros unix_now);

}  // namespace pcluster
