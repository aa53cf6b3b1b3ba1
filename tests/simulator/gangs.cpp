// Gangs as the workers' shells have them: a head reaches the seats of its parts, then all ranks
// run; a part that is lost ends them. SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "tests/simulator/world.hpp"

namespace pcluster::sim {

// Again and again until all have their seats, as the real one waits for each.
void World::reach_parts(std::size_t index, const AttemptId& attempt, std::uint64_t run,
                        Time give_up) {
  auto& head = *workers_[index];
  const auto found = head.tasks.find(attempt);
  if (!head.alive || found == head.tasks.end() || found->second.run != run) return;
  for (const auto& part : found->second.gang) {
    if (part.worker == head.agent->id()) continue;
    const auto other = std::find_if(workers_.begin(), workers_.end(), [&](const auto& one) {
      return one->alive && one->agent->id() == part.worker;
    });
    const bool alone = clock_.now < head.alone_until ||
                       (other != workers_.end() && clock_.now < (*other)->alone_until);
    if (other == workers_.end() || alone || clock_.now >= give_up)
      return lose_gang(index, attempt, part.worker);
    const auto in = (*other)->seats.find(attempt);
    if (in == (*other)->seats.end() || in->second.vacating) {
      clock_.after(100 * millisecond, [this, index, attempt, run, give_up] {
        reach_parts(index, attempt, run, give_up);
      });
      return;
    }
    if (in->second.slots != part.slots)
      fail(fmt::format("{} has {} slots at {}, not {}", to_string(attempt), in->second.slots,
                       to_string(part.worker), part.slots));
  }
  found->second.ranks_run = true;
  oracle_.ranks_run(attempt, head.agent->id().value());
  end_task(index, attempt, run, found->second.wall);
}

// Its links break: each head ends what runs, and says who was lost.
void World::lose_parts(std::size_t index) {
  const auto id = workers_[index]->agent->id();
  for (std::size_t i = 0; i < workers_.size() && id; ++i) {
    std::vector<AttemptId> lost;
    for (const auto& [attempt, task] : workers_[i]->tasks)
      for (const auto& part : task.gang)
        if (i != index && task.ranks_run && part.worker == *id) lost.push_back(attempt);
    for (const auto& attempt : lost) lose_gang(i, attempt, *id);
  }
}

void World::lose_gang(std::size_t head, const AttemptId& attempt, WorkerId unreachable) {
  auto& task = workers_[head]->tasks.at(attempt);
  if (task.will != TaskState::cancelled) task.will = TaskState::lost;
  if (task.will == TaskState::lost) task.unreachable = {unreachable};
  end_task(head, attempt, task.run, chance_.between(1, 2500) * millisecond);
}

void World::seat(std::size_t index, const TaskStart& part) {
  auto& worker = *workers_[index];
  if (!worker.seats.emplace(part.attempt, SimSeat{part.slots, false}).second)
    fail("a part is seated twice");
  count_slots(index);
}

void World::vacate(std::size_t index, const AttemptId& attempt) {
  const auto in = workers_[index]->seats.find(attempt);
  if (in == workers_[index]->seats.end()) return fail("a seat is vacated that nobody has");
  in->second.vacating = true;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const auto task = workers_[i]->tasks.find(attempt);
    const auto own = workers_[index]->agent->id();
    if (task != workers_[i]->tasks.end() && task->second.ranks_run && i != index)
      lose_gang(i, attempt, own.value());
  }
  const auto wait =
      chance_.percent(5) ? chance_.between(1, 6) * second : chance_.between(1, 100) * millisecond;
  clock_.after(wait, [this, index, attempt] {
    auto& worker = *workers_[index];
    if (!worker.alive || worker.seats.erase(attempt) == 0) return;
    act(index, worker.agent->vacated(attempt, clock_.now));
  });
}

// Between the workers only: the launcher hears all of them.
void World::isolate(std::size_t index, Micros wait) {
  auto& worker = *workers_[index];
  note(fmt::format("worker {} is reached by no other", index));
  worker.alone_until = clock_.now + wait;
  lose_parts(index);
  std::vector<std::pair<AttemptId, WorkerId>> lost;
  for (const auto& [attempt, task] : worker.tasks)
    if (task.ranks_run) lost.emplace_back(attempt, task.gang.back().worker);
  for (const auto& [attempt, part] : lost) lose_gang(index, attempt, part);
}

void World::count_slots(std::size_t index) {
  std::uint32_t used = 0;
  for (const auto& [attempt, task] : workers_[index]->tasks) used += task.slots;
  for (const auto& [attempt, in_use] : workers_[index]->seats) used += in_use.slots;
  if (used > plan_.slots) fail(fmt::format("worker {} uses {} slots", index, used));
}

}  // namespace pcluster::sim
