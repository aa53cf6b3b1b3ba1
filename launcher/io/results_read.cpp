// Reading the results tables, with or without a launcher; and a row's bytes.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/bytes.hpp"
#include "launcher/io/crc32c.hpp"
#include "launcher/io/result_rows.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

constexpr std::size_t text_header = 8, limit_size = 8;
constexpr std::uint32_t state_bits = 0xff, cause_shift = 8, limited_bit = 1u << 16;

}  // namespace

void parse_text(std::string_view text, const TextPlace& place, ResultRow& row) {
  if (text.size() < text_header + (place.limited ? limit_size : 0) || crc32c(text) != place.sum) {
    row.result.message = "(the texts of this result are damaged)";
    return;
  }
  if (place.limited) row.result.memory_limit_kb = take<std::uint64_t>(text);
  const auto host = take<std::uint32_t>(text), message = take<std::uint32_t>(text);
  if (host > text.size() || message > text.size() - host) return;
  row.host = text.substr(0, host);
  row.result.message = text.substr(host, message);
  row.result.columns = text.substr(host + message);
}

void append_row(std::string& bytes, const TaskResult& result, WorkerId worker,
                const TextPlace& text) {
  char row[row_size];
  char* at = row + sizeof(std::uint32_t);
  const auto next = [&](auto value) {
    put_at(at, value);
    at += sizeof value;
  };
  next(text.sum);
  next(result.attempt.task.index);
  next(static_cast<std::uint32_t>(result.state) |
       static_cast<std::uint32_t>(result.cause) << cause_shift |
       (result.memory_limit_kb > 0 ? limited_bit : 0));
  next(result.attempt.number);
  next(result.attempt.epoch);
  next(result.exit_code);
  next(result.signal);
  next(static_cast<std::uint32_t>(worker));
  next(text.size);
  next(result.start_unix);
  next(result.end_unix);
  next(result.cpu);
  next(result.max_rss_kb);
  next(text.offset);
  put_at(row, crc32c({row + sizeof(std::uint32_t), sizeof row - sizeof(std::uint32_t)}));
  bytes.append(row, sizeof row);
}

std::string text_bytes(const TaskResult& result, std::string_view host) {
  std::string bytes;
  if (result.memory_limit_kb > 0) put(bytes, result.memory_limit_kb);
  put(bytes, static_cast<std::uint32_t>(host.size()));
  put(bytes, static_cast<std::uint32_t>(result.message.size()));
  bytes += host;
  return bytes + result.message + result.columns;
}

std::optional<ResultRow> parse_row(std::string_view bytes, WorkloadId id, std::uint32_t index,
                                   TextPlace& text) {
  if (bytes.size() != row_size) return {};
  const auto sum = take<std::uint32_t>(bytes);
  if (crc32c(bytes) != sum) return {};
  ResultRow row;
  auto& result = row.result;
  text.sum = take<std::uint32_t>(bytes);
  result.attempt.task = {id, take<std::uint32_t>(bytes)};
  const auto how = take<std::uint32_t>(bytes), state = how & state_bits;
  const auto cause = how >> cause_shift & state_bits;
  if (result.attempt.task.index != index ||
      state > static_cast<std::uint32_t>(TaskState::cancelled))
    return {};
  result.state = static_cast<TaskState>(state);
  if (cause <= static_cast<std::uint32_t>(Cause::out_of_memory))
    result.cause = static_cast<Cause>(cause);
  text.limited = (how & limited_bit) != 0;
  result.attempt.number = take<std::uint32_t>(bytes);
  result.attempt.epoch = take<std::uint32_t>(bytes);
  result.exit_code = take<std::int32_t>(bytes);
  result.signal = take<std::int32_t>(bytes);
  row.worker = WorkerId{take<std::uint32_t>(bytes)};
  text.size = take<std::uint32_t>(bytes);
  result.start_unix = take<std::int64_t>(bytes);
  result.end_unix = take<std::int64_t>(bytes);
  result.cpu = take<std::int64_t>(bytes);
  result.max_rss_kb = take<std::uint64_t>(bytes);
  text.offset = take<std::uint64_t>(bytes);
  return row;
}

std::vector<WorkloadId> workloads_on_disk(const StateDirectory& directory) {
  std::vector<WorkloadId> ids;
  for (const auto& name : list_directory(directory.workloads())) {
    const auto number = to_integer(name);
    if (number && *number >= 0 && exists(directory.workloads() + "/" + name + "/spec"))
      ids.push_back(WorkloadId{static_cast<std::uint32_t>(*number)});
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

WorkloadAdded read_added(const StateDirectory& directory, WorkloadId id) {
  const auto path = directory.workload(id);
  const auto spec = read_file_if_there(path + "/spec");
  const auto record = spec ? decode<Record>(*spec) : std::nullopt;
  const auto* added = record ? std::get_if<WorkloadAdded>(&*record) : nullptr;
  if (spec && added == nullptr)
    throw Error(Exit::refused, path + "/spec cannot be read",
                "it is damaged, or was written by a newer pcluster");
  if (added == nullptr)
    throw Error(Exit::usage, fmt::format("there is no workload {}", to_string(id)),
                "pcluster status lists them; `last` stands for the newest");
  return *added;
}

WorkloadSpec read_spec(const StateDirectory& directory, WorkloadId id) {
  return read_added(directory, id).spec;
}

bool has_settled(const StateDirectory& directory, const TaskId& task) {
  const Fd file(open((directory.workload(task.workload) + "/rows").c_str(), O_RDONLY | O_CLOEXEC));
  std::string row(row_size, '\0');
  const auto at = static_cast<off_t>(std::uint64_t{task.index} * row_size);
  TextPlace text;
  return file && pread(file.get(), row.data(), row.size(), at) == static_cast<ssize_t>(row_size) &&
         parse_row(row, task.workload, task.index, text);
}

WorkloadOnDisk read_workload(const StateDirectory& directory, WorkloadId id) {
  auto added = read_added(directory, id);
  WorkloadOnDisk workload{std::move(added.spec), added.at_unix, {}};
  ResultRows rows(directory, id);
  for (std::uint32_t index = 0; index < rows.end(); ++index)
    if (auto row = rows.row(index)) workload.rows.emplace_back(index, std::move(*row));
  return workload;
}

}  // namespace pcluster
