// From what was asked, the site's profile and what the live scheduler says, to the jobs that are
// submitted.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "launcher/script/site.hpp"

namespace pcluster {

struct Machine {  // this host, for local workers
  std::uint32_t cores = 1;
  std::uint64_t memory_mb = 0;  // 0: not known
  std::string arch = {};        // as `uname -m` says; empty: not known
};

struct Plan {
  JobSpec spec;  // but for job_template; worker_binary is empty when it is this program
  std::uint32_t jobs = 1;
  std::string pool;  // empty: the one of this shape, or a new one
  Micros timeout = 360 * second;
  Micros idle_timeout = 3600 * second, orphan_timeout = 600 * second;
  std::uint32_t min_workers = 1;
  bool share_of_machine = false;       // local workers whose size nobody said
  bool partition_down = false;         // the live scheduler says so: jobs will wait for ever
  std::vector<std::string> notes;      // what was filled in, capped or set aside; said on stderr
  Origins origins;                     // of every value, by its key in the configuration
  std::vector<std::string> interface;  // which of the launcher's addresses workers call
};

using LiveLimits = std::optional<std::vector<PartitionLimits>>;

// Throws Error(Exit::usage) on names and values that cannot be: an unknown partition (with the
// nearest one), one that is not for workers, a missing account.
Plan resolve(const Configuration& asked, const SiteProfile&, const Adapter&, const LiveLimits&,
             const Machine&);

// Throws the Error for a site that bills one of these accounts (empty: not known) when none is
// said.
void require_account(const Configuration& asked, const SiteProfile&,
                     const std::vector<std::string>& accounts);

// "10 jobs x (1 node, 2 cores, 15.9 GB) = 10 slots of 2 cores, 15.9 GB"
std::string request_line(const Plan&);
// Says when local workers have more slots than the machine has cores.
void note_shared_cores(Plan&, const Machine&);
std::uint32_t workers_of(const Plan&);
std::uint32_t slots_of(const JobSpec&);  // per worker

}  // namespace pcluster
