// When a worker's job ends, and what a warning of the scheduler means.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/job_end.hpp"

#include <algorithm>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr Micros comes_early = 90 * second;  // a warning, at most

Micros seconds_of(std::string_view text) {
  const auto number = to_integer(trim(text));
  return number && *number > 0 ? *number * second : 0;
}

}  // namespace

JobEnd job_end(std::string_view end, std::string_view warning, std::string_view signal,
               Micros started_unix) {
  JobEnd job{seconds_of(end), seconds_of(warning), trim(signal).empty()};
  if (job.ends_unix > 0 && started_unix > 0)
    job.warning = std::clamp<Micros>((job.ends_unix - started_unix) / 2, 0, job.warning);
  if (job.ends_unix == 0 || job.warning == 0) job.by_clock = false;
  return job;
}

Micros warned_within(const JobEnd& job, Micros unix_now) {
  const auto left = job.ends_unix - unix_now;
  const bool this_end = left > 0 && left <= job.warning + comes_early;
  return this_end ? left : job.warning;
}

Agent::Limits limits_of(const JobEnd& end, Time now, Micros unix_now) {
  Agent::Limits limits;
  limits.warning = end.warning;
  limits.by_clock = end.by_clock;
  if (end.ends_unix > 0) limits.job_ends = now + (end.ends_unix - unix_now);
  return limits;
}

}  // namespace pcluster
