// Which workers a gang is made of.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/gangs.hpp"

#include <algorithm>
#include <tuple>

#include "launcher/core/place.hpp"

namespace pcluster {
namespace {

struct Room {
  const Worker* worker = nullptr;
  std::uint32_t ranks = 0;  // that it holds
  std::uint32_t free = 0;
};
using Rooms = std::vector<Room>;

std::uint64_t ranks_of(const Rooms& rooms) {
  std::uint64_t sum = 0;
  for (const auto& room : rooms) sum += room.ranks;
  return sum;
}

// The fewest that hold so many ranks; empty: all together do not.
Rooms fewest(Rooms rooms, std::uint32_t ranks) {
  if (ranks_of(rooms) < ranks) return {};
  std::stable_sort(rooms.begin(), rooms.end(), [](const Room& a, const Room& b) {
    return std::tie(a.ranks, a.free) > std::tie(b.ranks, b.free);
  });
  std::uint64_t sum = 0;
  std::size_t count = 0;
  while (sum < ranks) sum += rooms[count++].ranks;
  rooms.resize(count);
  return rooms;
}

// Of one job if any has room for all, else of one pool.
Rooms choose(const Rooms& rooms, const TaskTemplate& task) {
  std::map<std::tuple<PoolId, std::string>, Rooms> by_job;
  std::map<PoolId, Rooms> by_pool;
  for (const auto& room : rooms) {
    by_job[{room.worker->pool, room.worker->who.job_id}].push_back(room);
    if (task.span == Span::pool && !room.worker->job_alone)
      by_pool[room.worker->pool].push_back(room);
  }
  Rooms best;
  for (const auto& [job, of_job] : by_job) {
    auto chosen = fewest(of_job, task.ranks);
    if (!chosen.empty() && (best.empty() || chosen.size() < best.size())) best = std::move(chosen);
  }
  if (!best.empty()) return best;
  for (const auto& [pool, of_pool] : by_pool) {
    auto chosen = fewest(of_pool, task.ranks);
    if (!chosen.empty() && (best.empty() || chosen.size() < best.size())) best = std::move(chosen);
  }
  return best;
}

// The first, which holds most, is the head; the last may have less than it holds.
Gang to_gang(const Rooms& rooms, const TaskTemplate& task) {
  Gang gang;
  auto left = task.ranks;
  for (const auto& room : rooms) {
    const auto& who = room.worker->who;
    const auto ranks = std::min(left, room.ranks);
    gang.push_back({who.worker, ranks, slots_for_ranks(task, ranks, who.size, who.slots)});
    left -= ranks;
  }
  return gang;
}

std::uint32_t free_of(const FreeSlots& free, WorkerId id) {
  const auto found = free.find(id);
  return found == free.end() ? 0 : found->second;
}

}  // namespace

bool may_span(const TaskTemplate& task) {
  return task.ranks > 1 && task.span != Span::worker && !task.beside;
}

bool may_have_part(const Workload& workload, const Worker& worker, Micros unix_now) {
  if (!worker.ready || worker.draining || worker.doubted || worker.port == 0) return false;
  const auto needs = workload.needs_time();
  return needs == 0 || worker.ends_unix == 0 || unix_now + needs <= worker.ends_unix;
}

Gang find_gang(const Ledger& ledger, const Workload& workload, const FreeSlots& free,
               const std::set<WorkerId>& kept, Micros unix_now) {
  const auto& task = workload.spec.task;
  Rooms rooms;
  for (const auto& [id, slots] : free) {
    const auto& worker = *ledger.workers.find(id);
    if (kept.contains(id) || !may_have_part(workload, worker, unix_now)) continue;
    const auto ranks = ranks_in(task, slots, worker.who.size, worker.slots());
    if (ranks > 0) rooms.push_back({&worker, ranks, slots});
  }
  return to_gang(choose(rooms, task), task);
}

Gang find_idle_gang(const Ledger& ledger, const Workload& workload, const FreeSlots& free,
                    const std::set<WorkerId>& kept, Micros unix_now) {
  const auto fits = [&](const GangShare& share) {
    const auto* worker = ledger.workers.find(share.worker);
    return worker != nullptr && !kept.contains(share.worker) &&
           may_have_part(workload, *worker, unix_now) && share.slots <= free_of(free, share.worker);
  };
  const auto& gangs = workload.idle_gangs;
  for (auto gang = gangs.rbegin(); gang != gangs.rend(); ++gang)
    if (std::all_of(gang->begin(), gang->end(), fits)) return *gang;
  return {};
}

std::set<WorkerId> workers_to_keep(const Ledger& ledger, const Workload& workload,
                                   const FreeSlots& free, const std::set<WorkerId>& kept,
                                   const std::set<WorkerId>& before, Micros unix_now) {
  const auto may = [&](WorkerId id) {
    const auto* worker = ledger.workers.find(id);
    return worker != nullptr && !kept.contains(id) && may_have_part(workload, *worker, unix_now);
  };
  if (!before.empty() && std::all_of(before.begin(), before.end(), may)) return before;
  const auto& task = workload.spec.task;
  Rooms rooms;
  for (const auto id : ledger.workers.ready()) {
    if (!may(id)) continue;
    const auto& worker = *ledger.workers.find(id);
    const auto ranks = ranks_in(task, worker.slots(), worker.who.size, worker.slots());
    if (ranks > 0) rooms.push_back({&worker, ranks, free_of(free, id)});
  }
  std::set<WorkerId> workers;
  for (const auto& room : choose(rooms, task)) workers.insert(room.worker->id());
  return workers;
}

bool could_hold(const Ledger& ledger, const Workload& workload, const std::set<WorkerId>& workers,
                Micros unix_now) {
  FreeSlots all;
  for (const auto id : workers) {
    const auto& worker = *ledger.workers.find(id);
    if (slots_at(workload, worker, unix_now) > 0) return true;
    all[id] = worker.slots();
  }
  return may_span(workload.spec.task) && !find_gang(ledger, workload, all, {}, unix_now).empty();
}

Reach reach(const Ledger& ledger, const TaskTemplate& task) {
  std::map<std::tuple<PoolId, std::string>, Reach> scopes;
  for (const auto id : ledger.workers.ready()) {
    const auto& worker = *ledger.workers.find(id);
    if (worker.port == 0) continue;
    const auto& size = worker.who.size;
    const bool alone = task.span == Span::job || worker.job_alone;
    auto& scope = scopes[{worker.pool, alone ? worker.who.job_id : ""}];
    scope.pool = worker.pool;
    scope.job = alone ? worker.who.job_id : "";
    const auto ranks = ranks_in(task, worker.slots(), size, worker.slots());
    scope.ranks += ranks;
    scope.most_at_one = std::max(scope.most_at_one, ranks);
    scope.cores += std::max(size.cores, worker.slots());
    ++scope.workers;
  }
  Reach best;
  for (const auto& [key, scope] : scopes)
    if (scope.ranks > best.ranks) best = scope;
  return best;
}

}  // namespace pcluster
