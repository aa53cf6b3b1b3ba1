// Workloads that ended long ago: a few bytes of each, for who waits for it, follows it or comes
// after it.  The rest stands on disk.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "launcher/model/ids.hpp"

namespace pcluster {

struct EndedWorkload {
  WorkloadId id{};
  std::uint32_t tasks = 0, done = 0, failed = 0;  // the others were cancelled
  std::int32_t first_exit_code = 0;
  std::optional<WorkloadId> doomed_by;
  std::uint8_t first_signal = 0;
  bool by_failures = false;
  std::uint32_t cancelled() const { return tasks - done - failed; }
};
static_assert(sizeof(EndedWorkload) <= 32, "there may be a million of them");

class EndedWorkloads {
 public:
  void add(const EndedWorkload&);
  std::optional<EndedWorkload> find(WorkloadId) const;
  std::size_t size() const { return all_.size(); }

 private:
  std::vector<EndedWorkload> all_;  // by id
};

}  // namespace pcluster
