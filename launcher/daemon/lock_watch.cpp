// Looks at the lock: every few seconds, and before each write.
// SPDX-License-Identifier: MIT
#include "launcher/daemon/lock_watch.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

namespace pcluster {

LockWatch::LockWatch(Loop& loop, HeldLock lock, std::function<void()> lost, Micros every)
    : loop_(loop), lock_(std::move(lock)), lost_(std::move(lost)), every_(every) {
  thread_ = std::thread([this] { watch(); });
}

LockWatch::~LockWatch() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool LockWatch::ours() {
  if (!told_ && lock_.still_ours()) return true;
  if (!told_.exchange(true)) loop_.post(lost_);
  return false;
}

void LockWatch::watch() {
  const auto pause = std::chrono::microseconds(every_);
  do {
    std::unique_lock guard(mutex_);
    if (wake_.wait_for(guard, pause, [&] { return stopping_; })) return;
  } while (ours());
}

Disk LockWatch::fenced(Disk disk) {
  disk.write = [this, write = std::move(disk.write)](int fd, const void* bytes, std::size_t size) {
    if (ours()) return write(fd, bytes, size);
    errno = ESTALE;
    return ssize_t{-1};
  };
  return disk;
}

}  // namespace pcluster
