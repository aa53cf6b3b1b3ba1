// Reads the results table of a workload.
// SPDX-License-Identifier: MIT
#include "launcher/io/result_rows.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace pcluster {
namespace {

// Rows stand in the order of tasks, texts in that of their ends: nearly the same.
constexpr std::size_t rows_at_once = 64 * 1024, texts_at_once = 16 * 1024;
constexpr std::size_t longest_text = 1u << 20;  // far above what a row may have

}  // namespace

ResultRows::Window::Window(const std::string& path, std::size_t size)
    : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)), least_(size) {}

std::uint64_t ResultRows::Window::file_size() const {
  struct stat about {};
  return file_ && fstat(file_.get(), &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
}

std::string_view ResultRows::Window::at(std::uint64_t offset, std::size_t size) {
  if (offset < begin_ || offset + size > begin_ + bytes_.size()) {
    bytes_.resize(std::max(least_, size));
    begin_ = offset;
    std::size_t got = 0;
    while (file_ && got < bytes_.size()) {
      const auto more = pread(file_.get(), bytes_.data() + got, bytes_.size() - got,
                              static_cast<off_t>(offset + got));
      if (more < 0 && errno == EINTR) continue;
      if (more <= 0) break;
      got += static_cast<std::size_t>(more);
    }
    bytes_.resize(got);
  }
  return std::string_view(bytes_).substr(offset - begin_, size);
}

ResultRows::ResultRows(const StateDirectory& directory, WorkloadId id)
    : id_(id),
      rows_(directory.workload(id) + "/rows", rows_at_once),
      texts_(directory.workload(id) + "/texts", texts_at_once) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  end_ = static_cast<std::uint32_t>(std::min(most, rows_.file_size() / row_size));
}

std::optional<TaskState> ResultRows::state(std::uint32_t index) {
  TextPlace place;
  const auto row =
      parse_row(rows_.at(std::uint64_t{index} * row_size, row_size), id_, index, place);
  if (!row) return {};
  return row->result.state;
}

std::optional<ResultRow> ResultRows::row(std::uint32_t index) {
  TextPlace place;
  auto row = parse_row(rows_.at(std::uint64_t{index} * row_size, row_size), id_, index, place);
  if (row)
    parse_text(place.size <= longest_text ? texts_.at(place.offset, place.size) : "", place, *row);
  return row;
}

SettledCounts count_settled(const StateDirectory& directory, WorkloadId id) {
  SettledCounts counts;
  ResultRows rows(directory, id);
  for (std::uint32_t index = 0; index < rows.end(); ++index) {
    const auto state = rows.state(index);
    if (state)
      ++(*state == TaskState::done        ? counts.done
         : *state == TaskState::cancelled ? counts.cancelled
                                          : counts.failed);
  }
  return counts;
}

}  // namespace pcluster
