// The lives of a worker below one guard: one that is killed amid its work is followed by another,
// in the same job, so that no scheduler has to be asked for a new one.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "launcher/base/units.hpp"

namespace pcluster {

class Lives {
 public:
  explicit Lives(std::string guard) : guard_(std::move(guard)) {}

  // Of the worker that lives now: "GUARD.2" says to the launcher that GUARD.1 is dead.
  std::string incarnation() const { return guard_ + "." + std::to_string(number_); }
  // It was killed: may another one begin?  Not when it never was home, what kills it would kill the
  // next too; nor when it happens too often, a node may be bad: the job ends then.
  bool another(bool was_home, Micros now);

 private:
  std::string guard_;
  unsigned number_ = 1;
  Micros spent_until_ = 0;  // each costs a time, and so much may be owed
};

}  // namespace pcluster
