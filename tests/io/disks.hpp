// For the tests of what is written: a disk that is full or fails when told to.
// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>

#include "launcher/io/disk.hpp"

namespace pcluster {

// Shared with the writer's thread, so atomic.
struct DiskState {
  std::atomic<long> room{1L << 40};  // bytes that still go; then ENOSPC, after a short write
  std::atomic<int> write_error{0};   // instead of every write
  std::atomic<int> sync_error{0};    // of every sync
  std::atomic<int> syncs{0};
  long kind = 0xEF53;  // of file system, as statfs has it
};

inline Disk disk_of(const std::shared_ptr<DiskState>& state, Micros retry = 20 * millisecond) {
  const auto allowed = [state](std::size_t size) -> ssize_t {
    if (const int error = state->write_error) return errno = error, -1;
    const long room = state->room;
    if (room <= 0) return errno = ENOSPC, -1;
    const auto taken = static_cast<ssize_t>(std::min<long>(room, static_cast<long>(size)));
    state->room -= taken;
    return taken;
  };
  Disk disk;
  disk.retry = retry;
  disk.write = [allowed](int fd, const void* bytes, std::size_t size) {
    const auto taken = allowed(size);
    return taken < 0 ? taken : ::write(fd, bytes, static_cast<std::size_t>(taken));
  };
  disk.pwrite = [allowed](int fd, const void* bytes, std::size_t size, off_t at) {
    const auto taken = allowed(size);
    return taken < 0 ? taken : ::pwrite(fd, bytes, static_cast<std::size_t>(taken), at);
  };
  disk.sync_data = [state](int fd) {
    ++state->syncs;
    static_cast<void>(fd);  // no test here cuts the power: the sync itself would only take time
    if (const int error = state->sync_error) return errno = error, -1;
    return 0;
  };
  disk.sync = [](int) { return 0; };
  disk.about = [state](int, struct statfs* about) {
    about->f_type = state->kind;
    return 0;
  };
  return disk;
}

}  // namespace pcluster
