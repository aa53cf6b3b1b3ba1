// Who gets which seat: idle residents keep theirs, which count as free, until they are needed.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "launcher/base/error.hpp"
#include "mpi-runtime/tasks.hpp"

namespace pcluster {

std::uint32_t Tasks::gpus_of(const TaskStart& start) const {
  const auto ranks = std::max(ranks_of(start.gang, me_, start.task->ranks), 1u);
  return start.task->each.gpus * ranks;
}

// Of all its ranks that are here; 0: it asked for none.
std::uint64_t Tasks::memory_limit_kb(const TaskStart& start) const {
  const auto ranks = std::max(ranks_of(start.gang, me_, start.task->ranks), 1u);
  return (start.task->each.memory_mb << 10) * ranks;
}

std::optional<Seat> Tasks::take_seat(const TaskStart& start) {
  const auto gpus = gpus_of(start);
  auto seat = start.slots == 0 ? slots_.take_beside(gpus) : slots_.take(start.slots, gpus);
  if (seat && !start.task->bind) seat->cores.clear();
  return seat;
}

void Tasks::give_back(const Seat& seat) {
  slots_.give_back(seat);
  start_waiting();
}

void Tasks::start(const TaskStart& start) {
  if (!begin(start, {})) wait({start, {}});
}

void Tasks::seat(const TaskStart& start, Seated seated) { want({start, std::move(seated)}); }

void Tasks::want(Waiting one) {
  if (!begin(one.start, one.seated)) wait(std::move(one));
}

void Tasks::wait(Waiting one) {
  waiting_.push_back(std::move(one));
  if (make_room()) return;
  one = std::move(waiting_.back());
  waiting_.pop_back();
  if (one.seated) return one.seated({});
  cannot(one.start.attempt, static_cast<int>(Exit::ours),
         one.start.slots == 0 ? "no free gpus, or too much runs beside the slots, on " + host_
                              : "no free slots or gpus on " + host_);
}

bool Tasks::begin(const TaskStart& start, const Seated& seated) {
  if (start.task->resident && !seated) {
    if (const auto slot = residents_.idle_for(start)) {
      slot_of_[start.attempt] = *slot;
      sitting_[*slot].signalled = false;
      sitting_[*slot].last_words.clear();
      residents_.give(*slot, start);
      return true;
    }
  }
  auto seat = take_seat(start);
  if (!seat) return false;
  if (seated)
    seated(std::move(seat));
  else
    start_in(start, *seat);
  return true;
}

// For all that wait.  False: nothing is about to become free.
bool Tasks::make_room() {
  Room missing;
  for (const auto& one : waiting_) missing = missing + Room{one.start.slots, gpus_of(one.start)};
  missing = missing - slots_.free();
  Room coming = residents_.make_room(missing);
  if (make_room_) coming = coming + make_room_(missing - coming);
  return coming.slots > 0;
}

void Tasks::start_waiting() {
  for (auto& one : std::exchange(waiting_, {})) want(std::move(one));
}

bool Tasks::stop_waiting(const AttemptId& attempt) {
  return std::erase_if(waiting_, [&](const Waiting& one) { return one.start.attempt == attempt; }) >
         0;
}

// A resident is also known by the trial that it was started for: its gang is.
std::optional<std::uint32_t> Tasks::slot_at(const AttemptId& attempt) const {
  if (const auto at = slot_of_.find(attempt); at != slot_of_.end()) return at->second;
  for (std::uint32_t slot = 0; slot < sitting_.size(); ++slot)
    if (residents_.has(slot, attempt)) return slot;
  for (std::uint32_t slot = 0; slot < sitting_.size(); ++slot)
    if (residents_.at(slot) && sitting_[slot].attempt == attempt) return slot;
  return {};
}

void Tasks::answered(std::vector<TaskResult> results, const std::optional<AttemptId>& next) {
  for (const auto& result : results) slot_of_.erase(result.attempt);
  if (calls_.answered) return calls_.answered(std::move(results), next);
  for (auto& result : results) finished_(std::move(result));
}

void Tasks::resident_ended(const Ended& end) {
  Sitting sitting = std::exchange(sitting_[end.slot], {});
  auto left = residents_.ended(end);
  std::optional<TaskResult> last;  // the others had their answers long before this end
  if (!left.untaken && !left.results.empty()) {
    last = std::move(left.results.back());
    left.results.pop_back();
    slot_of_.erase(last->attempt);
  } else {
    head_.close(sitting.attempt);
  }
  std::optional<AttemptId> next;  // has the slots in the agent's mind
  if (last) next = last->attempt;
  if (left.untaken) {
    next = left.untaken->attempt;
    slot_of_.erase(*next);
    waiting_.push_back({std::move(*left.untaken), {}});
  }
  if (!left.results.empty()) answered(std::move(left.results), next);
  if (!left.ahead.empty() && calls_.put_back) calls_.put_back(left.ahead);
  give_back(sitting.seat);
  TaskResult nobodys;  // it had no trial
  sitting.signalled = sitting.signalled || left.ours;
  memory_.ended(end.slot, sitting.signalled, host_, last ? *last : nobodys);
  if (!last) return;
  sitting.ranks = sitting.ranks && !left.ours;  // what its ranks said of their end is no reason
  tell(end, sitting, std::move(*last));
}

}  // namespace pcluster
