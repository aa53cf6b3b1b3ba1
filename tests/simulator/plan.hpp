// What one seed is about: which faults, how many workers, which workloads.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "launcher/model/spec.hpp"
#include "tests/simulator/clock.hpp"

namespace pcluster::sim {

struct PlannedWork {
  WorkloadSpec spec;
  Time at = 0;
  Micros shortest = 0, longest = 0;  // walls of its tasks
  int fails_percent = 0;
  std::optional<Time> cancel_at;
  std::optional<std::uint32_t> cancel_index;  // only this task
  TrialLines lines;                           // of a TrialFile
  std::optional<std::size_t> after;           // an earlier one of the plan
  bool after_any = false;
  bool pinned = false;  // one task on each worker that is home when it is asked for
};

struct Plan {
  bool worker_crashes = false;    // kill -9
  bool cuts = false;              // connections end, both sides told, back within seconds
  bool silences = false;          // nothing arrives any more, nobody is told: false deaths
  bool launcher_crashes = false;  // with what is not durable lost
  bool slow_disk = false;
  bool stalls = false;     // the launcher's process is stopped for seconds
  bool lies = false;       // of the scheduler
  bool gangs = false;      // workers listen to each other, some tasks have more ranks than a worker
  bool lonely = false;     // now and then no other worker reaches one, and the launcher does
  bool span_jobs = true;   // as the site has it
  bool scales = false;     // somebody changes the number of jobs again and again
  bool automatic = false;  // the number of jobs follows the work
  int dies_percent = 0;    // of the jobs, as long as there are faults: before a worker is home
  std::uint32_t bad_node = 0;  // of 4; all jobs on it die; 0 = none
  SchedulerManners manners;
  bool full = false;  // the scheduler takes no more than `jobs` + 1
  Time faults_end = 0;
  std::uint32_t jobs = 2, slots = 1, nodes = 1;
  Micros walltime = 0, idle_timeout = 3600 * second;
  Micros warning = 0;  // of the end of a job, so long before it; by the worker's clock, or told
  bool by_clock = false;
  std::vector<PlannedWork> work;
};

Plan make_plan(std::uint64_t seed);

}  // namespace pcluster::sim
