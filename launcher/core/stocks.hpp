// Tasks that wait at workers behind busy slots: how many, and who gives some back.  Pure: reads the
// ledger, changes nothing.
// SPDX-License-Identifier: MIT
#pragma once
#include <set>
#include <vector>

#include "launcher/core/place.hpp"

namespace pcluster {

// In slots: what may wait at this worker of a workload of which `waiting` tasks, of `need` slots
// each, wait for their turn.  0: its tasks are long, or too few have shown that they are short.
std::uint32_t stock(const Ledger&, const Policy&, const Workload&, const Worker&,
                    std::uint32_t waiting, std::uint32_t need);

// Who is asked for which of those that wait there.
class TakingBack {
 public:
  // `free`: slots that nothing in the queue is for.  Without them all that the ledger has: looked
  // at one by one, and only as far as there is something for them.
  TakingBack(const Ledger&, const std::set<WorkerId>& kept, Micros unix_now);
  TakingBack(const Ledger&, const std::set<WorkerId>& kept, Micros unix_now, const FreeSlots& free);

  void all_from(WorkerId);
  void for_free_slots();  // from those who have most, half of what each has
  // For so many tasks of this, which have the first turn: as many slots, or more, are to take them
  // when they come free, and not what waits there of less priority.
  void for_turn_of(const Workload&, std::uint32_t tasks);
  std::vector<TakeBack> take() { return std::move(asked_); }

 private:
  bool fits(const Workload&);
  bool one_more();  // worker with free slots
  // In slots, from the last on: those of which `wanted` says so, until there are so many.
  template <class Wanted>
  void ask(const Worker&, std::uint32_t most, Wanted wanted);

  const Ledger& ledger_;
  const std::set<WorkerId>& kept_;
  const Micros unix_now_;
  FreeSlots free_;
  std::set<WorkerId>::const_iterator next_;  // of those with free slots, after those in free_
  std::set<WorkloadId> fits_no_more_;
  std::set<WorkerId> all_asked_;
  std::vector<TakeBack> asked_;
};

}  // namespace pcluster
