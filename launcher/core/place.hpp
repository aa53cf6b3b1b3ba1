// Which worker gets how many tasks of which workload, and who must give waiting ones back.  Pure:
// reads the ledger, changes nothing.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "launcher/core/fleet.hpp"
#include "launcher/core/gangs.hpp"
#include "launcher/core/ledger.hpp"

namespace pcluster {

struct Give {
  WorkerId worker{};
  WorkloadId workload{};
  std::uint32_t count = 0;
};
struct TakeBack {
  WorkerId worker{};
  std::vector<AttemptId> attempts;
};
struct Pin {  // one task to the worker that it names
  WorkerId worker{};
  WorkloadId workload{};
  std::uint32_t index = 0;
};
struct GiveGang {  // one task to several workers
  WorkloadId workload{};
  Gang gang;
};
// Workers that take nothing else until a task of several slots, or a gang, has room there; of each
// workload that waits for that.
using Keeps = std::map<WorkloadId, std::set<WorkerId>>;
struct Placement {
  std::vector<GiveGang> gangs;  // to be given before the others
  std::vector<Give> gives;
  std::vector<Pin> pins;
  std::vector<TakeBack> take_back;
  Keeps keeps;
};

// `spoke`: the workers whose situation changed since the last time.  They alone get tasks to keep
// waiting (prefetch), so that an event costs as much as it changed.  `before`: of the last time.
Placement place(const Ledger&, const Policy&, const std::set<WorkerId>& spoke, const Keeps& before,
                Micros unix_now);

// Slots that a task of this would take there; 0: it does not fit, or the job ends too early.
std::uint32_t slots_at(const Workload&, const Worker&, Micros unix_now);

// Why no worker that is home, and no gang of them, could ever run it, if that is so ("needs 8
// cores, ..."), and what to do about it.
struct Misfit {
  std::string reason, hint;
};
std::optional<Misfit> fits_nowhere(const Ledger&, const Fleet&, const TaskTemplate&);

// Why it was cancelled without having begun; empty when that is not so.
std::string why_doomed(const Ledger&, const Workload&);
std::string why_doomed(const Ledger&, WorkloadId by);

// Why nothing of it runs, for people.
std::string why_waiting(const Ledger&, const Fleet&, const Workload&, Micros unix_now);

}  // namespace pcluster
