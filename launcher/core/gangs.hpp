// Which workers a gang is made of: now, from free slots, or once those that are kept for it are
// free.  Pure: reads the ledger, changes nothing.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "launcher/core/workers.hpp"
#include "launcher/core/workloads.hpp"

namespace pcluster {

class Ledger;

using FreeSlots = std::map<WorkerId, std::uint32_t>;

// May ranks of one task be on several workers at all?
bool may_span(const TaskTemplate&);

// Can it have a part of a gang of this, now or once it has room?
bool may_have_part(const Workload&, const Worker&, Micros unix_now);

// A gang that fits into these slots, without the workers that are kept for others; empty: none.
// Workers of one job when that has room for all ranks, else the fewest; most free first.
Gang find_gang(const Ledger&, const Workload&, const FreeSlots&, const std::set<WorkerId>& kept,
               Micros unix_now);

// One that a resident's last trials used, and that is free again.
Gang find_idle_gang(const Ledger&, const Workload&, const FreeSlots&,
                    const std::set<WorkerId>& kept, Micros unix_now);

// The workers that are to take nothing else until a gang of it has room there: `before`, those of
// the last time, while they will do, so that what has drained is not given away again.
std::set<WorkerId> workers_to_keep(const Ledger&, const Workload&, const FreeSlots&,
                                   const std::set<WorkerId>& kept, const std::set<WorkerId>& before,
                                   Micros unix_now);

// Could it run there once all these workers are free: on one, or on several of them?
bool could_hold(const Ledger&, const Workload&, const std::set<WorkerId>& workers, Micros unix_now);

// Where one task of this can have the most ranks, among workers that are home, when all are free.
struct Reach {
  std::uint32_t ranks = 0, workers = 0, most_at_one = 0;
  std::uint64_t cores = 0;
  PoolId pool{};
  std::string job;  // empty: all jobs of the pool
};
Reach reach(const Ledger&, const TaskTemplate&);

}  // namespace pcluster
