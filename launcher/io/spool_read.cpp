// Finding the output of tasks again, in the spools of all workers.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/io/bytes.hpp"
#include "launcher/io/crc32c.hpp"
#include "launcher/io/spool_index.hpp"

namespace pcluster {

std::string index_bytes(const IndexEntry& entry) {
  std::string rest;
  put(rest, static_cast<std::uint32_t>(entry.stream));
  put(rest, static_cast<std::uint32_t>(entry.attempt.task.workload));
  put(rest, entry.attempt.task.index);
  put(rest, entry.attempt.number);
  put(rest, entry.attempt.epoch);
  put(rest, entry.offset);
  put(rest, entry.length);
  std::string bytes;
  put(bytes, crc32c(rest));
  return bytes + rest;
}

std::optional<IndexEntry> parse_index(std::string_view bytes) {
  if (bytes.size() != index_entry_size) return {};
  const auto sum = take<std::uint32_t>(bytes);
  if (crc32c(bytes) != sum) return {};
  IndexEntry entry;
  entry.stream = static_cast<Stream>(take<std::uint32_t>(bytes));
  entry.attempt.task.workload = WorkloadId{take<std::uint32_t>(bytes)};
  entry.attempt.task.index = take<std::uint32_t>(bytes);
  entry.attempt.number = take<std::uint32_t>(bytes);
  entry.attempt.epoch = take<std::uint32_t>(bytes);
  entry.offset = take<std::uint64_t>(bytes);
  entry.length = take<std::uint64_t>(bytes);
  if (entry.stream != Stream::out && entry.stream != Stream::err) return {};
  return entry;
}

std::vector<SpoolPiece> find_output(const StateDirectory& directory, WorkloadId workload,
                                    std::optional<std::uint32_t> index) {
  constexpr std::string_view ending = ".index";
  std::vector<SpoolPiece> pieces;
  for (const auto& name : list_directory(directory.spool())) {
    if (!name.ends_with(ending)) continue;
    const auto bytes = read_file_if_there(directory.spool() + "/" + name).value_or("");
    const auto data =
        directory.spool() + "/" + name.substr(0, name.size() - ending.size()) + ".data";
    for (std::size_t at = 0; at + index_entry_size <= bytes.size(); at += index_entry_size) {
      const auto entry = parse_index(std::string_view(bytes).substr(at, index_entry_size));
      if (!entry || entry->attempt.task.workload != workload) continue;
      if (index && entry->attempt.task.index != *index) continue;
      pieces.push_back({entry->attempt, entry->stream, data, entry->offset, entry->length});
    }
  }
  return pieces;
}

// What of it is there: less than its length if the file was cut.
std::string read_piece(const SpoolPiece& piece) {
  const Fd file(open(piece.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file)
    throw Error(Exit::refused, fmt::format("cannot open {}: {}", piece.file, std::strerror(errno)),
                "the output of its worker was removed, or this host does not see it");
  std::string bytes(piece.length, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = pread(file.get(), bytes.data() + done, bytes.size() - done,
                           static_cast<off_t>(piece.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(Exit::refused,
                  fmt::format("cannot read {}: {}", piece.file, std::strerror(errno)));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace pcluster
