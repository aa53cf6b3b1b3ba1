// Which tasks of one workload wait, and what happened to those that ran before.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <map>

#include "launcher/core/ranges.hpp"
#include "launcher/model/ids.hpp"

namespace pcluster {

// Kept only for tasks that were out and are not settled.
struct History {
  std::uint32_t number = 0;  // of the last attempt
  std::uint32_t failures = 0, losses = 0;
  // The last attempt whose own failure was counted: its worker may hold it still (the Ack was
  // lost), but must never have it counted again.
  Epoch counted_epoch = 0;
  std::uint32_t counted_number = 0;
  Epoch alone_epoch = 0;  // of the last attempt, when all its ranks were on one worker
};

// Indices that may go out together: contiguous, and all with this attempt number.
struct Run {
  Range range;
  std::uint32_t number = 1;
};

class TaskQueue {
 public:
  enum class Why { returned, failed, lost };

  explicit TaskQueue(std::uint32_t tasks) : waiting_(tasks) {}

  Run next(std::uint32_t most) const;   // count 0 when nothing waits
  Run only(std::uint32_t index) const;  // of one that waits
  const Ranges& waiting() const { return waiting_; }
  void take(Range, std::uint32_t number);
  void put_back(const AttemptId&, Why);
  void settled(std::uint32_t index) { history_.erase(index); }
  bool drop(std::uint32_t index);  // it waits no more; false when it did not
  std::uint32_t clear();           // nothing waits any more; how many did

  // An attempt that a worker still has, of a task that waits here: may it go on?
  bool may_resume(const AttemptId&) const;
  void ran_alone(const AttemptId&);
  bool was_alone(const AttemptId&) const;
  const History* history(std::uint32_t index) const;
  bool contains(std::uint32_t index) const { return waiting_.contains(index); }
  bool contains(Range range) const { return waiting_.contains(range); }
  std::uint32_t size() const { return waiting_.size(); }
  bool empty() const { return waiting_.empty(); }
  std::size_t pieces() const { return waiting_.runs().size() + history_.size(); }  // its memory

 private:
  Ranges waiting_;
  std::map<std::uint32_t, History> history_;
};

}  // namespace pcluster
