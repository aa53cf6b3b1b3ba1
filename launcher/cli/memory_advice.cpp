// What to do about tasks that ran out of memory.
// SPDX-License-Identifier: MIT
#include "launcher/cli/memory_advice.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pcluster {

std::uint64_t more_memory_mb(std::uint64_t had_kb) {
  const auto mb = std::max<std::uint64_t>(2 * had_kb / 1024, 1);
  return mb < 1024 ? mb : (mb + 1023) / 1024 * 1024;
}

std::string memory_advice(WorkloadId id, const TaskTemplate& task, ResultRows rows) {
  std::size_t count = 0;
  std::uint64_t had_kb = 0;
  for (std::uint32_t index = 0; index < rows.end(); ++index) {
    if (rows.state(index).value_or(TaskState::done) == TaskState::done) continue;
    const auto row = rows.row(index);
    if (!row || row->result.cause != Cause::out_of_memory) continue;
    const auto& result = row->result;
    ++count;
    had_kb = std::max(
        {had_kb, result.memory_limit_kb, result.memory_limit_kb == 0 ? result.max_rss_kb : 0});
  }
  if (count == 0) return {};
  const auto ranks = std::max(task.ranks, 1u);  // --memory is for each
  const auto mb = more_memory_mb(had_kb), each = more_memory_mb(had_kb / ranks);
  const auto show = [](std::uint64_t size) {
    return size % 1024 == 0 ? fmt::format("{}G", size / 1024) : fmt::format("{}M", size);
  };
  return fmt::format(
      "{} ran out of memory; with more: pcluster submit --memory {}; pcluster retry "
      "{} --memory {}",
      count, show(mb), to_string(id), show(each));
}

}  // namespace pcluster
