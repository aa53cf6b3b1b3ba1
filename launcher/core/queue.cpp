// Which tasks of one workload wait.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/queue.hpp"

#include <algorithm>
#include <utility>

namespace pcluster {

Run TaskQueue::next(std::uint32_t most) const {
  Range range = waiting_.front();
  range.count = std::min(range.count, most);
  auto known = history_.lower_bound(range.first);
  if (known == history_.end() || known->first >= range.end()) return {range, 1};
  if (known->first > range.first) return {{range.first, known->first - range.first}, 1};
  const auto number = known->second.number;
  std::uint32_t count = 1;
  while (count < range.count && ++known != history_.end() && known->first == range.first + count &&
         known->second.number == number)
    ++count;
  return {{range.first, count}, number + 1};
}

Run TaskQueue::only(std::uint32_t index) const {
  const auto* known = history(index);
  return {{index, 1}, known == nullptr ? 1 : known->number + 1};
}

void TaskQueue::take(Range range, std::uint32_t number) {
  waiting_.remove(range);
  auto known = history_.lower_bound(range.first);
  for (; known != history_.end() && known->first < range.end(); ++known) {
    auto& history = known->second;
    // An attempt thought lost goes on after all: it was no loss.
    if (number <= history.number && history.losses > 0) --history.losses;
    history.number = std::max(history.number, number);
  }
}

void TaskQueue::put_back(const AttemptId& attempt, Why why) {
  auto& history = history_[attempt.task.index];
  history.number = std::max(history.number, attempt.number);
  if (why == Why::lost) ++history.losses;
  if (why == Why::failed) {
    ++history.failures;
    history.counted_epoch = attempt.epoch;
    history.counted_number = attempt.number;
  }
  waiting_.add({attempt.task.index, 1});
}

bool TaskQueue::drop(std::uint32_t index) {
  if (!waiting_.contains(index)) return false;
  waiting_.remove({index, 1});
  history_.erase(index);
  return true;
}

std::uint32_t TaskQueue::clear() {
  const auto count = waiting_.size();
  for (const auto& [first, length] : waiting_.runs())
    history_.erase(history_.lower_bound(first), history_.lower_bound(first + length));
  waiting_ = Ranges();
  return count;
}

bool TaskQueue::may_resume(const AttemptId& attempt) const {
  if (!waiting_.contains(attempt.task.index)) return false;
  const auto* known = history(attempt.task.index);
  return known == nullptr || std::pair(attempt.epoch, attempt.number) >
                                 std::pair(known->counted_epoch, known->counted_number);
}

void TaskQueue::ran_alone(const AttemptId& attempt) {
  auto& history = history_[attempt.task.index];
  if (attempt.number < history.number) return;
  history.number = attempt.number;
  history.alone_epoch = attempt.epoch;
}

bool TaskQueue::was_alone(const AttemptId& attempt) const {
  const auto* known = history(attempt.task.index);
  return known != nullptr && known->number == attempt.number && known->alone_epoch == attempt.epoch;
}

const History* TaskQueue::history(std::uint32_t index) const {
  const auto found = history_.find(index);
  return found == history_.end() ? nullptr : &found->second;
}

}  // namespace pcluster
