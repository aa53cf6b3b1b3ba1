// Writing the results tables.
// SPDX-License-Identifier: MIT
#include "launcher/io/results.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/io/crc32c.hpp"
#include "launcher/io/write_copy.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

constexpr std::size_t most_open = 32;  // tables, two descriptors each

// Nothing is synced here, for it can all be made again from the journal: a machine's crash may have
// cut a spec short.
bool spec_stands(const std::string& path, const WorkloadAdded& added) {
  try {
    return read_file_if_there(path) == encode(Record{added});
  } catch (const Error&) { return false; }
}

Fd open_file(const std::string& path) {
  Fd file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) throw Error(Exit::refused, fmt::format("{}: {}", path, std::strerror(errno)));
  return file;
}

// A machine's crash may have left a row without its text, and a text's length without its bytes.
bool text_stands(int texts, const TextPlace& place) {
  std::string bytes(place.size, '\0');
  const auto got = pread(texts, bytes.data(), bytes.size(), static_cast<off_t>(place.offset));
  return got == static_cast<ssize_t>(bytes.size()) && crc32c(bytes) == place.sum;
}

}  // namespace

void ResultTables::add(Record record, bool replayed) {
  if (auto* settled = std::get_if<TaskSettled>(&record)) {
    auto& rows = pending_[settled->result.attempt.task.workload];
    rows.push_back({std::move(settled->result), settled->worker, replayed});
  } else if (const auto* joined = std::get_if<WorkerJoined>(&record)) {
    hosts_[static_cast<std::uint32_t>(joined->worker)] = joined->host;
  } else if (auto* added = std::get_if<WorkloadAdded>(&record)) {
    if (!replayed || !spec_stands(directory_.workload(added->workload) + "/spec", *added))
      specs_.push_back(std::move(*added));
  } else if (const auto* lost = std::get_if<TaskLost>(&record)) {
    TaskResult result;
    result.attempt = lost->attempt;
    result.state = TaskState::lost;
    result.exit_code = -1;
    result.message = lost->reason;
    if (result.message.empty())
      result.message = "its worker was lost, more often than the workload's loss_retries allow";
    pending_[lost->attempt.task.workload].push_back({std::move(result), lost->worker, replayed});
  }
}

std::string ResultTables::flush() {
  try {
    while (!specs_.empty()) {
      const auto& spec = specs_.back();
      make_directories(directory_.workload(spec.workload));
      write_copy(directory_.workload(spec.workload) + "/spec", encode(Record{spec}));
      specs_.pop_back();
    }
    while (!pending_.empty()) {
      write_rows(pending_.begin()->first, pending_.begin()->second);
      pending_.erase(pending_.begin());
    }
  } catch (const Error& error) { return error.what(); }
  return {};
}

ResultTables::Table& ResultTables::open_table(WorkloadId id) {
  if (const auto found = tables_.find(id); found != tables_.end()) return found->second;
  if (tables_.size() >= most_open) tables_.clear();
  const auto path = directory_.workload(id);
  make_directories(path);
  Table table{open_file(path + "/rows"), open_file(path + "/texts"), 0, 0, {}, {}};
  struct stat about {};
  if (fstat(table.texts.get(), &about) == 0)
    table.text_end = table.found_end = static_cast<std::uint64_t>(about.st_size);
  return tables_.emplace(id, std::move(table)).first->second;
}

// Rows with neighbouring indices leave in one write; of two of one task the later counts.
void ResultTables::write_rows(WorkloadId id, Rows& rows) {
  const auto index_of = [](const Row& row) { return row.result.attempt.task.index; };
  if (!std::ranges::is_sorted(rows, {}, index_of)) std::ranges::stable_sort(rows, {}, index_of);
  auto& table = open_table(id);
  std::string run;
  std::uint64_t run_begin = 0;
  const auto write_run = [&] {
    if (!run.empty()) write_at(table.rows.get(), run, run_begin, directory_.workload(id) + "/rows");
    run.clear();
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    if (i + 1 < rows.size() && index_of(rows[i + 1]) == index_of(row)) continue;
    if (row.replayed && stands(table, row.result)) continue;
    const auto place = std::uint64_t{index_of(row)} * row_size;
    if (place != run_begin + run.size()) write_run();
    if (run.empty()) run_begin = place;
    append_row(run, row.result, row.worker, place_text(table, row));
  }
  write_run();
}

bool ResultTables::stands(Table& table, const TaskResult& result) {
  const auto& attempt = result.attempt;
  std::string bytes(row_size, '\0');
  const auto got = pread(table.rows.get(), bytes.data(), bytes.size(),
                         static_cast<off_t>(attempt.task.index * row_size));
  if (got != static_cast<ssize_t>(row_size)) return false;
  TextPlace text;
  const auto there = parse_row(bytes, attempt.task.workload, attempt.task.index, text);
  if (!there || there->result.attempt != attempt || there->result.state != result.state ||
      there->result.end_unix != result.end_unix || text.offset + text.size > table.found_end)
    return false;
  if (text == table.found) return true;
  if (!text_stands(table.texts.get(), text)) return false;
  table.found = text;
  return true;
}

// Most results say nothing but where they ran, and share one text.
TextPlace ResultTables::place_text(Table& table, const Row& row) {
  const auto& result = row.result;
  if (!result.message.empty() || !result.columns.empty()) return write_text(table, row);
  auto& known = table.plain_of[static_cast<std::uint32_t>(row.worker)];
  if (known.place.size == 0 || known.memory_limit_kb != result.memory_limit_kb)
    known = {result.memory_limit_kb, write_text(table, row)};
  return known.place;
}

TextPlace ResultTables::write_text(Table& table, const Row& row) {
  const auto& result = row.result;
  const bool is_plain = result.message.empty() && result.columns.empty();
  const auto host = hosts_.find(static_cast<std::uint32_t>(row.worker));
  const auto bytes = text_bytes(result, host == hosts_.end() ? "" : host->second);
  if (is_plain) {
    const auto found = table.plain.find(bytes);
    if (found != table.plain.end()) return found->second;
  }
  const TextPlace place{table.text_end, static_cast<std::uint32_t>(bytes.size()), crc32c(bytes),
                        result.memory_limit_kb > 0};
  write_at(table.texts.get(), bytes, place.offset,
           directory_.workload(result.attempt.task.workload) + "/texts");
  table.text_end += bytes.size();
  if (is_plain) table.plain.emplace(bytes, place);
  return place;
}

void ResultTables::write_at(int fd, std::string_view bytes, std::uint64_t offset,
                            const std::string& what) {
  while (!bytes.empty()) {
    const auto taken = disk_.pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0)
      throw Error(Exit::refused,
                  fmt::format("{}: {}", what, std::strerror(taken == 0 ? ENOSPC : errno)));
    bytes.remove_prefix(static_cast<std::size_t>(taken));
    offset += static_cast<std::uint64_t>(taken);
  }
}

}  // namespace pcluster
