// A disk with one fault, at the n-th of its calls, and a memory of what it really keeps.
// SPDX-License-Identifier: MIT
#pragma once
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "launcher/io/disk.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/write_copy.hpp"

namespace pcluster::test {

enum class Fault {
  full,         // half of the bytes, then ENOSPC, until it is mended
  quota,        // the same with EDQUOT
  error,        // EIO of every write, until it is mended
  error_once,   // EIO of one write
  short_write,  // one byte of many, once; that is no error
  sync_fails,   // EIO of one sync, and what it should have kept is gone
  sync_hangs,   // one sync that ends when the disk is mended
};

class FaultyDisk {
 public:
  explicit FaultyDisk(std::string journal) : journal_(std::move(journal)) {}

  // At the n-th call from now that this fault can hit.
  void arm(Fault fault, int calls) {
    const std::lock_guard lock(mutex_);
    fault_ = fault, left_ = calls, struck_ = 0;
  }
  void mend() {
    const std::lock_guard lock(mutex_);
    left_ = never, struck_ = 0;
  }
  int struck() const {  // how often since
    const std::lock_guard lock(mutex_);
    return struck_;
  }

  Disk disk() {
    Disk disk;
    disk.retry = 2 * millisecond;
    disk.write = [this](int fd, const void* bytes, std::size_t size) {
      const auto taken = allowed(size);
      return taken < 0 ? taken : ::write(fd, bytes, static_cast<std::size_t>(taken));
    };
    disk.pwrite = [this](int fd, const void* bytes, std::size_t size, off_t at) {
      const auto taken = allowed(size);
      return taken < 0 ? taken : ::pwrite(fd, bytes, static_cast<std::size_t>(taken), at);
    };
    disk.sync_data = [this](int fd) { return synced(fd, false); };
    disk.sync = [this](int fd) { return synced(fd, true); };
    return disk;
  }

  // The journal as it were after a crash of the machine now: what no sync has kept is gone.
  void crashed_to(const std::string& directory) const {
    make_directories(directory);
    const std::lock_guard lock(mutex_);
    for (const auto& name : named_) {
      const auto bytes = read_file(journal_ + "/" + name);
      const auto kept = kept_.find(inode(journal_ + "/" + name));
      write_copy(directory + "/" + name, bytes.substr(0, kept == kept_.end() ? 0 : kept->second));
    }
  }

 private:
  static constexpr int never = 1 << 30;

  static ino_t inode(const std::string& path) {
    struct stat about {};
    return stat(path.c_str(), &about) == 0 ? about.st_ino : 0;
  }
  bool syncs() const { return fault_ == Fault::sync_fails || fault_ == Fault::sync_hangs; }
  bool strikes() {
    if (left_ == never || --left_ > 0) return false;
    left_ = 1;
    return true;
  }

  ssize_t allowed(std::size_t size) {
    const std::lock_guard lock(mutex_);
    if (syncs() || !strikes()) return static_cast<ssize_t>(size);
    const bool first = struck_++ == 0;
    switch (fault_) {
      case Fault::short_write: left_ = never; return 1;
      case Fault::error_once: left_ = never; return errno = EIO, -1;
      case Fault::error: return errno = EIO, -1;
      default: break;
    }
    if (first && size > 1) return static_cast<ssize_t>(size / 2);
    return errno = fault_ == Fault::quota ? EDQUOT : ENOSPC, -1;
  }

  // After a failed sync the kernel forgets what it could not write.
  int synced(int fd, bool is_directory) {
    std::unique_lock lock(mutex_);
    if (syncs() && strikes()) {
      ++struck_;
      if (fault_ == Fault::sync_fails) {
        left_ = never;
        struct stat about {};
        fstat(fd, &about);
        if (!is_directory) ::truncate(fmt::format("/proc/self/fd/{}", fd).c_str(), keeps(about));
        return errno = EIO, -1;
      }
      while (left_ != never) {
        lock.unlock();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        lock.lock();
      }
    }
    if (is_directory) {
      for (const auto& name : list_directory(journal_)) named_.insert(name);
      return 0;
    }
    struct stat about {};
    if (fstat(fd, &about) == 0) kept_[about.st_ino] = static_cast<std::size_t>(about.st_size);
    return 0;
  }
  off_t keeps(const struct stat& about) const {
    const auto found = kept_.find(about.st_ino);
    return found == kept_.end() ? 0 : static_cast<off_t>(found->second);
  }

  std::string journal_;
  mutable std::mutex mutex_;
  Fault fault_ = Fault::full;
  int left_ = never, struck_ = 0;
  std::map<ino_t, std::size_t> kept_;  // bytes of each file that a sync has kept
  std::set<std::string> named_;        // files whose name a sync of the directory has kept
};

}  // namespace pcluster::test
