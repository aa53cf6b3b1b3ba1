// Which worker gets how many tasks of which workload.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/place.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <tuple>

#include "launcher/core/stocks.hpp"

namespace pcluster {
namespace {

// What decides where a task fits.
using Shape = std::tuple<std::uint32_t, std::uint64_t, std::uint32_t, std::uint32_t, Span, Micros>;

Shape shape_of(const Workload& workload) {
  const auto& task = workload.spec.task;
  return {task.each.cores, task.each.memory_mb, task.each.gpus,
          task.ranks,      task.span,           workload.needs_time()};
}

// One look at the ledger, with what has been given out since.  Room only shrinks meanwhile, so that
// a shape that found none finds none later: each is tried once, however many workloads have it.
class Placing {
 public:
  Placing(const Ledger& ledger, const Policy& policy, const Keeps& before, Micros unix_now)
      : ledger_(ledger), policy_(policy), before_(before), unix_now_(unix_now) {
    if (ledger.workloads.turns().empty()) return;  // nothing is for them
    for (const auto id : ledger.workers.with_free()) free_[id] = ledger.workers.find(id)->free();
  }

  Placement run(const std::set<WorkerId>& spoke) {
    for (const auto id : ledger_.workloads.pinned()) pin(*ledger_.workloads.find(id));
    bool keeps = true;  // the one before
    for (const auto& [order, id] : ledger_.workloads.turns()) {
      // No slot comes free here while tasks wait behind it: it must be kept before.
      if (free_.empty() && (ledger_.workers.with_over().empty() || !keeps)) break;
      fill(*ledger_.workloads.find(id));
      keeps = placement_.keeps.contains(id);
    }
    for (const auto id : spoke) prefetch(id);
    auto back = ledger_.workloads.turns().empty() ? TakingBack(ledger_, kept_, unix_now_)
                                                  : TakingBack(ledger_, kept_, unix_now_, free_);
    for (const auto id : kept_) back.all_from(id);
    for (const auto id : ledger_.workers.to_empty()) back.all_from(id);
    give_way(back);
    back.for_free_slots();
    placement_.take_back = back.take();
    return std::move(placement_);
  }

 private:
  void pin(const Workload&);
  void fill(const Workload&);
  void spread(const Workload&);
  template <class Find>
  void give_gangs(const Workload&, Find find);
  void keep_free_for(const Workload&);
  bool waits_for_one_slot(const Workload&) const;
  std::set<WorkerId> best_worker(const Workload&) const;
  void prefetch(WorkerId);
  void give_way(TakingBack&) const;
  void use(WorkerId, std::uint32_t slots);
  void give(WorkerId, const Workload&, std::uint32_t count, std::uint32_t slots);
  std::uint32_t left(const Workload& workload) const {
    const auto found = given_.find(workload.id);
    return workload.queue.size() - (found == given_.end() ? 0 : found->second);
  }

  const Ledger& ledger_;
  const Policy& policy_;
  const Keeps& before_;
  const Micros unix_now_;
  FreeSlots free_;                             // slots still free
  std::map<WorkerId, std::uint32_t> added_;    // slots given out now
  std::map<WorkloadId, std::uint32_t> given_;  // tasks given out now
  std::set<WorkerId> kept_;  // kept free for a task of several slots that waits for its turn
  std::set<Shape> no_room_, nothing_to_keep_;
  Placement placement_;
};

void Placing::use(WorkerId id, std::uint32_t slots) {
  added_[id] += slots;
  const auto found = free_.find(id);
  if (found == free_.end()) return;
  found->second -= std::min(found->second, slots);
  if (found->second == 0) free_.erase(found);
}

void Placing::give(WorkerId id, const Workload& workload, std::uint32_t count,
                   std::uint32_t slots) {
  use(id, count * slots);
  given_[workload.id] += count;
  placement_.gives.push_back({id, workload.id, count});
}

// Free slots or not: such a task takes none.
void Placing::pin(const Workload& workload) {
  for (const auto& [first, count] : workload.queue.waiting().runs())
    for (auto index = first; index < first + count; ++index) {
      const auto* worker = ledger_.workers.find(workload.spec.on.at(index));
      if (worker != nullptr && worker->ready)
        placement_.pins.push_back({worker->id(), workload.id, index});
    }
}

// To one worker each; those that find none with room for all their ranks, to several.
void Placing::fill(const Workload& workload) {
  const auto shape = shape_of(workload);
  if (no_room_.contains(shape)) return keep_free_for(workload);
  const bool spans = may_span(workload.spec.task);
  if (spans && !workload.idle_gangs.empty()) give_gangs(workload, find_idle_gang);
  spread(workload);
  if (spans) give_gangs(workload, find_gang);
  if (left(workload) == 0) return;
  no_room_.insert(shape);
  keep_free_for(workload);
}

// Most free first, one task at a time, so that work spreads over the workers.
void Placing::spread(const Workload& workload) {
  struct Room {
    std::uint32_t free, need;
    WorkerId id;
    std::uint32_t count = 0;
    bool operator<(const Room& other) const {
      return free != other.free ? free < other.free : id > other.id;
    }
  };
  std::priority_queue<Room> rooms;
  for (const auto& [id, free] : free_) {
    const auto need = slots_at(workload, *ledger_.workers.find(id), unix_now_);
    if (need > 0 && need <= free && !kept_.contains(id)) rooms.push({free, need, id});
  }
  std::map<WorkerId, std::pair<std::uint32_t, std::uint32_t>> counts;  // tasks, slots of each
  for (auto waiting = left(workload); waiting > 0 && !rooms.empty(); --waiting) {
    auto room = rooms.top();
    rooms.pop();
    counts[room.id].first += 1;
    counts[room.id].second = room.need;
    room.free -= room.need;
    if (room.free >= room.need) rooms.push(room);
  }
  for (const auto& [id, count] : counts) give(id, workload, count.first, count.second);
}

template <class Find>
void Placing::give_gangs(const Workload& workload, Find find) {
  while (left(workload) > 0) {
    auto gang = find(ledger_, workload, free_, kept_, unix_now_);
    if (gang.empty()) return;
    for (const auto& share : gang) use(share.worker, share.slots);
    ++given_[workload.id];
    placement_.gangs.push_back({workload.id, std::move(gang)});
  }
}

// A task of several slots would never find them free while smaller ones behind it take each slot
// that comes free: one worker, or as many as a gang needs, take nothing else until it has room.
void Placing::keep_free_for(const Workload& workload) {
  const auto shape = shape_of(workload);
  if (nothing_to_keep_.contains(shape)) return;
  std::set<WorkerId> workers;
  if (may_span(workload.spec.task) && !waits_for_one_slot(workload)) {
    const auto before = before_.find(workload.id);
    workers = workers_to_keep(ledger_, workload, free_, kept_,
                              before == before_.end() ? workers : before->second, unix_now_);
  }
  if (workers.empty()) workers = best_worker(workload);
  if (workers.empty()) {
    nothing_to_keep_.insert(shape);
    return;
  }
  kept_.insert(workers.begin(), workers.end());
  placement_.keeps[workload.id] = workers;
}

// The next free slot is its own anyway.
bool Placing::waits_for_one_slot(const Workload& workload) const {
  const auto& ready = ledger_.workers.ready();
  return std::any_of(ready.begin(), ready.end(), [&](WorkerId id) {
    return slots_at(workload, *ledger_.workers.find(id), unix_now_) == 1;
  });
}

// With the most free slots; none when nobody has to be kept.
std::set<WorkerId> Placing::best_worker(const Workload& workload) const {
  const Worker* best = nullptr;
  std::uint32_t most = 0;
  for (const auto id : ledger_.workers.ready()) {
    const auto& worker = *ledger_.workers.find(id);
    const auto need = slots_at(workload, worker, unix_now_);
    if (need == 1) return {};
    const auto found = free_.find(id);
    const auto free = found == free_.end() ? 0 : found->second;
    if (need == 0 || kept_.contains(id) || (best != nullptr && free <= most)) continue;
    best = &worker;
    most = free;
  }
  if (best == nullptr) return {};
  return {best->id()};
}

// Short tasks wait at the worker, so that no slot waits for a message.
void Placing::prefetch(WorkerId id) {
  const auto* worker = ledger_.workers.find(id);
  if (worker == nullptr || !worker->ready || worker->draining) return;
  if (worker->retracting || kept_.contains(id)) return;
  for (const auto& [order, workload_id] : ledger_.workloads.turns()) {
    const auto& workload = *ledger_.workloads.find(workload_id);
    // One stays for the room that is kept for it, which nobody would have else.
    const auto stays = placement_.keeps.contains(workload_id) ? 1u : 0u;
    const auto waiting = left(workload) - std::min(left(workload), stays);
    if (waiting == 0) continue;
    const auto need = slots_at(workload, *worker, unix_now_);
    if (need == 0) continue;
    const auto wait = stock(ledger_, policy_, workload, *worker, waiting, need);
    if (wait == 0) return;  // it goes first when a slot is free
    const auto most = worker->slots() + wait;
    const auto load = worker->load + added_[id];
    // Not for a few: it tells of some that ended long before all have.
    if (load + wait / 4 < most) {
      const auto count = std::min(waiting, (most - load) / need);
      if (count > 0) give(id, workload, count, need);
    }
    if (left(workload) > stays) return;
  }
}

// Those that keep workers free for themselves have what they need.
void Placing::give_way(TakingBack& back) const {
  for (const auto& [order, id] : ledger_.workloads.turns()) {
    const auto& workload = *ledger_.workloads.find(id);
    const auto waiting = left(workload);
    if (waiting == 0) continue;
    if (!placement_.keeps.contains(id)) back.for_turn_of(workload, waiting);
    return;
  }
}

}  // namespace

Placement place(const Ledger& ledger, const Policy& policy, const std::set<WorkerId>& spoke,
                const Keeps& before, Micros unix_now) {
  // Most events: nothing waits anywhere, and idle workers need not be looked at.
  if (ledger.workloads.turns().empty() && ledger.workloads.pinned().empty() &&
      ledger.workers.with_over().empty() && ledger.workers.to_empty().empty())
    return {};
  return Placing(ledger, policy, before, unix_now).run(spoke);
}

std::uint32_t slots_at(const Workload& workload, const Worker& worker, Micros unix_now) {
  const auto needs = workload.needs_time();
  if (needs > 0 && worker.ends_unix > 0 && unix_now + needs > worker.ends_unix) return 0;
  return slots_for(workload.spec.task, worker.who.size, worker.who.slots);
}

}  // namespace pcluster
