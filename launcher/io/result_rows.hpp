// The results table of a workload row by row: a million of them never stand in memory.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "launcher/io/file.hpp"
#include "launcher/io/results.hpp"
#include "launcher/io/state.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {

class ResultRows {
 public:
  ResultRows(const StateDirectory&, WorkloadId);

  std::uint32_t end() const { return end_; }  // none stood there or later when it was opened
  // Nothing when the task is not settled.  Quick for those that are asked for in order.
  std::optional<ResultRow> row(std::uint32_t index);
  std::optional<TaskState> state(std::uint32_t index);  // of row(), and no text is read for it

 private:
  // A part of a file in memory.
  class Window {
   public:
    Window(const std::string& path, std::size_t size);
    std::uint64_t file_size() const;
    std::string_view at(std::uint64_t offset, std::size_t size);  // less at the file's end

   private:
    Fd file_;
    std::size_t least_;
    std::uint64_t begin_ = 0;
    std::string bytes_;
  };

  WorkloadId id_;
  Window rows_, texts_;
  std::uint32_t end_ = 0;
};

// How many of its tasks have settled, and how.
struct SettledCounts {
  std::uint32_t done = 0, failed = 0, cancelled = 0;  // failed: or lost
  std::uint32_t all() const { return done + failed + cancelled; }
};
SettledCounts count_settled(const StateDirectory&, WorkloadId);

}  // namespace pcluster
