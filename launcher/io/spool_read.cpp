// Finding the output of tasks again, in the spools of all workers.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/io/bytes.hpp"
#include "launcher/io/crc32c.hpp"
#include "launcher/io/spool_index.hpp"
#include "launcher/io/spool_place.hpp"

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

namespace {

constexpr std::string_view index_ending = ".index";

std::vector<std::string> index_files(const StateDirectory& directory) {
  auto names = list_directory(directory.spool());
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(index_ending); });
  return names;
}

// Less than `length` where the file ends.
std::string read_at(const Fd& file, const std::string& path, std::uint64_t offset,
                    std::size_t length) {
  std::string bytes(length, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = pread(file.get(), bytes.data() + done, bytes.size() - done,
                           static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(Exit::refused, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

// From `offset` to the end; nothing when it is not there.
std::string read_rest(const std::string& path, std::uint64_t offset) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return {};
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0)
    throw Error(Exit::refused, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  const auto size = static_cast<std::uint64_t>(about.st_size);
  return size > offset ? read_at(file, path, offset, size - offset) : std::string();
}

}  // namespace

SpoolPlace spool_end(const StateDirectory& directory) {
  SpoolPlace place;
  for (const auto& name : index_files(directory)) {
    struct stat about {};
    if (stat((directory.spool() + "/" + name).c_str(), &about) != 0) continue;
    const auto size = static_cast<std::uint64_t>(about.st_size);
    place[name] = size - size % index_entry_size;
  }
  return place;
}

std::vector<SpoolPiece> find_output(const StateDirectory& directory, WorkloadId workload,
                                    std::optional<std::uint32_t> index, SpoolPlace& place) {
  std::vector<SpoolPiece> pieces;
  for (const auto& name : index_files(directory)) {
    auto& from = place[name];
    const auto bytes = read_rest(directory.spool() + "/" + name, from);
    const auto data =
        directory.spool() + "/" + name.substr(0, name.size() - index_ending.size()) + ".data";
    bool whole = true;  // one that is not may become so: it is looked at again
    for (std::size_t at = 0; at + index_entry_size <= bytes.size(); at += index_entry_size) {
      const auto entry = parse_index(std::string_view(bytes).substr(at, index_entry_size));
      whole = whole && entry;
      if (whole) from += index_entry_size;
      if (!entry || entry->attempt.task.workload != workload) continue;
      if (index && entry->attempt.task.index != *index) continue;
      pieces.push_back({entry->attempt, entry->stream, data, entry->offset, entry->length});
    }
  }
  return pieces;
}

std::vector<SpoolPiece> find_output(const StateDirectory& directory, WorkloadId workload,
                                    std::optional<std::uint32_t> index) {
  SpoolPlace beginning;
  return find_output(directory, workload, index, beginning);
}

// What of it is there: less than its length if the file was cut.
std::string read_piece(const SpoolPiece& piece) {
  const Fd file(open(piece.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file)
    throw Error(Exit::refused, fmt::format("cannot open {}: {}", piece.file, std::strerror(errno)),
                "the output of its worker was removed, or this host does not see it");
  return read_at(file, piece.file, piece.offset, piece.length);
}

}  // namespace pcluster
