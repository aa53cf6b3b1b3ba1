// Which tasks of one workload wait.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/queue.hpp"

#include <algorithm>
#include <utility>

namespace pcluster {

Run TaskQueue::next(std::uint32_t most) const {
  const auto range = waiting_.front(most);
  const auto known = history_.next(range.first);
  if (!known || *known >= range.end()) return {range, 1};
  if (*known > range.first) return {{range.first, *known - range.first}, 1};
  const auto number = history_.of(range.first).number;
  std::uint32_t count = 1;
  for (; count < range.count; ++count) {
    const auto* other = history(range.first + count);
    if (other == nullptr || other->number != number) break;
  }
  return {{range.first, count}, number + 1};
}

Run TaskQueue::only(std::uint32_t index) const {
  const auto* known = history(index);
  return {{index, 1}, known == nullptr ? 1 : known->number + 1};
}

void TaskQueue::take(Range range, std::uint32_t number) {
  waiting_.remove(range);
  auto known = history_.next(range.first);
  for (; known && *known < range.end(); known = history_.next(*known + 1)) {
    auto history = history_.of(*known);
    // An attempt thought lost goes on after all: it was no loss.
    if (number <= history.number && history.losses > 0) --history.losses;
    history.number = std::max(history.number, number);
    history_.set(*known, history);
  }
}

void TaskQueue::put_back(const AttemptId& attempt, Why why) {
  const auto index = attempt.task.index;
  waiting_.add({index, 1});
  auto history = history_.of(index);
  if (why == Why::unbegun && history.number <= attempt.number) {
    history.number = attempt.number - 1;
    return history == History{} ? history_.erase(index) : history_.set(index, history);
  }
  history.number = std::max(history.number, attempt.number);
  if (why == Why::lost) ++history.losses;
  if (why == Why::failed) {
    ++history.failures;
    history.counted_epoch = attempt.epoch;
    history.counted_number = attempt.number;
  }
  history_.set(index, history);
}

bool TaskQueue::drop(std::uint32_t index) {
  if (!waiting_.contains(index)) return false;
  waiting_.remove({index, 1});
  history_.erase(index);
  return true;
}

std::uint32_t TaskQueue::clear() {
  const auto count = waiting_.size();
  auto known = history_.next(0);
  for (; known; known = history_.next(*known + 1))
    if (waiting_.contains(*known)) history_.erase(*known);
  waiting_ = Ranges();
  return count;
}

bool TaskQueue::may_resume(const AttemptId& attempt) const {
  if (!waiting_.contains(attempt.task.index)) return false;
  const auto* known = history(attempt.task.index);
  return known == nullptr || std::pair(attempt.epoch, attempt.number) >
                                 std::pair(known->counted_epoch, known->counted_number);
}

}  // namespace pcluster
