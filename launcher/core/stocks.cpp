// Tasks that wait at workers behind busy slots.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/stocks.hpp"

#include <algorithm>
#include <iterator>

namespace pcluster {
namespace {

constexpr int most_looks = 64;  // at workers, in one turn, that may give way

}  // namespace

// So many that a worker need not ask for more with each task that ends: the shorter they are, the
// more.  At most its share of what is left, so that none hoards the end: half of that, unless one
// task is as long as the other.  Of what we think waits at workers, half may have ended meanwhile.
std::uint32_t stock(const Ledger& ledger, const Policy& policy, const Workload& workload,
                    const Worker& worker, std::uint32_t waiting, std::uint32_t need) {
  const auto wall = workload.walls.median();
  if (!wall || *wall >= policy.short_task) return 0;
  const auto in_time =
      static_cast<std::uint64_t>(policy.prefetch_time / std::max<Micros>(1, *wall));
  const auto slots = std::max(1u, ledger.workers.ready_slots());
  const auto most = std::clamp<std::uint64_t>(policy.prefetch_all / slots, policy.prefetch_least,
                                              policy.prefetch_most);
  const auto depth = std::clamp<std::uint64_t>(in_time, policy.prefetch_least, most);
  const std::uint64_t parts = slots * (workload.walls.even() ? 1ull : 2ull);
  const auto left = std::uint64_t{waiting} * need + ledger.workers.over() / 2;
  const auto share = left * worker.slots() / parts;
  return static_cast<std::uint32_t>(std::min(depth * worker.slots(), share));
}

TakingBack::TakingBack(const Ledger& ledger, const std::set<WorkerId>& kept, Micros unix_now)
    : ledger_(ledger),
      kept_(kept),
      unix_now_(unix_now),
      next_(ledger.workers.with_free().begin()) {}

TakingBack::TakingBack(const Ledger& ledger, const std::set<WorkerId>& kept, Micros unix_now,
                       const FreeSlots& free)
    : ledger_(ledger), kept_(kept), unix_now_(unix_now), next_(ledger.workers.with_free().end()) {
  for (const auto& [id, slots] : free)
    if (!kept.contains(id)) free_[id] = slots;
}

bool TakingBack::one_more() {
  for (; next_ != ledger_.workers.with_free().end(); ++next_) {
    if (kept_.contains(*next_)) continue;
    free_.emplace_hint(free_.end(), *next_, ledger_.workers.find(*next_)->free());
    ++next_;
    return true;
  }
  return false;
}

bool TakingBack::fits(const Workload& workload) {
  if (fits_no_more_.contains(workload.id)) return false;
  for (auto room = free_.begin();; ++room) {
    if (room == free_.end()) {
      if (!one_more()) break;
      room = std::prev(free_.end());
    }
    const auto need = slots_at(workload, *ledger_.workers.find(room->first), unix_now_);
    if (need == 0 || need > room->second) continue;
    room->second -= need;
    if (room->second == 0) free_.erase(room);
    return true;
  }
  fits_no_more_.insert(workload.id);
  return false;
}

template <class Wanted>
void TakingBack::ask(const Worker& worker, std::uint32_t most, Wanted wanted) {
  TakeBack back{worker.id(), {}};
  auto over = worker.over();
  const auto tasks = worker.in_order();
  for (auto task = tasks.rbegin(); task != tasks.rend() && over > 0 && most > 0; ++task) {
    const auto& [id, held] = *task;
    if (held.started || held.slots == 0 || !held.gang.empty()) continue;
    const auto* workload = ledger_.workloads.find(id.workload);
    if (workload == nullptr || workload->is_cancelled(id.index)) continue;
    over -= std::min(over, held.slots);
    if (!wanted(*workload)) continue;
    most -= std::min(most, held.slots);
    back.attempts.push_back({id, held.number, held.epoch});
  }
  if (!back.attempts.empty()) asked_.push_back(std::move(back));
}

void TakingBack::all_from(WorkerId id) {
  const auto& worker = *ledger_.workers.find(id);
  if (worker.over() == 0 || worker.retracting || !all_asked_.insert(id).second) return;
  ask(worker, worker.over(), [](const Workload&) { return true; });
}

void TakingBack::for_free_slots() {
  const auto& rich = ledger_.workers.with_plenty();
  for (auto one = rich.rbegin(); one != rich.rend(); ++one) {
    if (free_.empty() && !one_more()) return;
    if (all_asked_.contains(one->second)) continue;
    const auto& worker = *ledger_.workers.find(one->second);
    ask(worker, (worker.over() + 1) / 2,
        [this](const Workload& workload) { return fits(workload); });
  }
}

void TakingBack::for_turn_of(const Workload& workload, std::uint32_t tasks) {
  const auto& workers = ledger_.workers;
  auto open = workers.ready_slots() - std::min(workers.ready_slots(), workers.plenty_slots());
  auto looks = most_looks;
  for (const auto& [priority, id] : workers.by_priority()) {
    if (priority >= workload.spec.priority || open >= tasks || looks-- == 0) return;
    const auto& worker = *workers.find(id);
    if (slots_at(workload, worker, unix_now_) == 0 || !all_asked_.insert(id).second) continue;
    ask(worker, worker.over(),
        [&](const Workload& other) { return other.spec.priority < workload.spec.priority; });
    open += worker.slots();
  }
}

}  // namespace pcluster
