// Which tasks of one workload wait, and what happened to those that ran before.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>

#include "launcher/core/histories.hpp"
#include "launcher/core/ranges.hpp"
#include "launcher/model/ids.hpp"

namespace pcluster {

// Indices that may go out together: contiguous, and all with this attempt number.
struct Run {
  Range range;
  std::uint32_t number = 1;
};

class TaskQueue {
 public:
  enum class Why { unbegun, returned, failed, lost };

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
  const History* history(std::uint32_t index) const { return history_.find(index); }
  bool contains(std::uint32_t index) const { return waiting_.contains(index); }
  bool contains(Range range) const { return waiting_.contains(range); }
  std::uint32_t size() const { return waiting_.size(); }
  bool empty() const { return waiting_.empty(); }
  std::size_t bytes() const { return waiting_.bytes() + history_.bytes(); }  // of memory, about

 private:
  Ranges waiting_;
  Histories history_;
};

}  // namespace pcluster
