// What the worker's residents that take trials in advance ask of its agent, and tell it.
// SPDX-License-Identifier: MIT
#include <utility>

#include "mpi-runtime/worker_loop.hpp"

namespace pcluster {

AheadCalls WorkerLoop::ahead_calls() {
  return {[this](const AttemptId& in_hand, std::uint32_t most) {
            return leaving_since_ ? std::vector<TaskStart>{} : agent_.ahead(in_hand, most);
          },
          [this](std::vector<TaskResult> results, const std::optional<AttemptId>& next) {
            if (!leaving_since_) carry_out(agent_.answered(std::move(results), next, loop_.now()));
          },
          [this](const std::vector<TaskStart>& starts) {
            if (!leaving_since_) carry_out(agent_.put_back(starts, loop_.now()));
          }};
}

}  // namespace pcluster
