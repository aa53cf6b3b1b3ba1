// A worker's spool: what tasks print, appended to one file.
// SPDX-License-Identifier: MIT
#include "launcher/io/spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/io/spool_index.hpp"

namespace pcluster {
namespace {

Fd open_append(const std::string& path) {
  Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file)
    throw Error(Exit::refused, fmt::format("cannot open {}: {}", path, std::strerror(errno)),
                "is the state directory's file system mounted and writable on this host?");
  return file;
}

std::uint64_t size_of(const Fd& file) {
  struct stat about {};
  return fstat(file.get(), &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
}

// Their clients keep what is written to themselves until a sync, and tell errors only then.
bool is_remote(const Disk& disk, const Fd& file) {
  constexpr std::array<std::uint32_t, 8> kinds{0x6969 /* NFS */,      0x0BD00BD0 /* Lustre */,
                                               0x47504653 /* GPFS */, 0x19830326 /* BeeGFS */,
                                               0xFF534D42 /* CIFS */, 0xFE534D42 /* SMB2 */,
                                               0x517B /* SMB */,      0x65735546 /* FUSE */};
  struct statfs about {};
  if (disk.about(file.get(), &about) != 0) return false;
  return std::ranges::find(kinds, static_cast<std::uint32_t>(about.f_type)) != kinds.end();
}

}  // namespace

SpoolWriter::SpoolWriter(const std::string& directory, const std::string& name, Disk disk)
    : path_(directory + "/" + name), disk_(std::move(disk)) {
  make_directories(directory);
  data_ = open_append(path_ + ".data");
  index_ = open_append(path_ + ".index");
  offset_ = size_of(data_);
  remote_ = is_remote(disk_, data_);
  // An entry that a crash cut short would shift all later ones.
  const auto torn = size_of(index_) % index_entry_size;
  if (torn != 0 && ftruncate(index_.get(), static_cast<off_t>(size_of(index_) - torn)) != 0)
    throw Error(Exit::refused,
                fmt::format("cannot mend {}.index: {}", path_, std::strerror(errno)));
}

SpoolWriter::~SpoolWriter() {
  try {
    flush();
  } catch (const Error&) {  // said at each flush before
  }
}

void SpoolWriter::append(const AttemptId& attempt, Stream stream, std::string_view bytes) {
  if (bytes.empty()) return;
  data_buffer_ += bytes;
  // Pieces that touch are one: programs print in small bits.
  if (open_ && open_->attempt == attempt && open_->stream == stream) {
    open_->length += bytes.size();
  } else {
    close_piece();
    open_ = Open{attempt, stream, offset_, bytes.size()};
  }
  offset_ += bytes.size();
}

void SpoolWriter::close_piece() {
  if (!open_) return;
  index_buffer_ += index_bytes({open_->attempt, open_->stream, open_->offset, open_->length});
  open_.reset();
}

void SpoolWriter::flush() {
  close_piece();
  sync_failed_ = false;
  // The index second: it never speaks of bytes that are not there.
  write_out(data_.get(), data_buffer_, ".data");
  if (index_buffer_.empty()) return;
  sync(data_.get(), ".data");
  write_out(index_.get(), index_buffer_, ".index");
  sync(index_.get(), ".index");
}

void SpoolWriter::sync(int fd, const char* which) {
  if (!remote_ || disk_.sync_data(fd) == 0) return;
  sync_failed_ = true;
  fail(which, errno);
}

void SpoolWriter::fail(const char* which, int error) {
  throw Error(Exit::refused,
              fmt::format("cannot write {}{}: {}", path_, which, std::strerror(error)),
              "make room on the state directory's file system; output is kept in memory meanwhile");
}

std::size_t SpoolWriter::buffered() const { return data_buffer_.size() + index_buffer_.size(); }

void SpoolWriter::write_out(int fd, std::string& buffer, const char* which) {
  std::size_t done = 0;
  int error = 0;
  while (done < buffer.size() && error == 0) {
    const auto taken = disk_.write(fd, buffer.data() + done, buffer.size() - done);
    if (taken > 0) done += static_cast<std::size_t>(taken);
    if (taken == 0) error = ENOSPC;
    if (taken < 0 && errno != EINTR) error = errno;
  }
  buffer.erase(0, done);
  if (error != 0) fail(which, error);
}

}  // namespace pcluster
