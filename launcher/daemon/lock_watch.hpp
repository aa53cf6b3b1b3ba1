// Sees that another launcher has taken this cluster over: from then on nothing is written here.
// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include "launcher/io/disk.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {

class LockWatch {
 public:
  // `lost` is called on the loop, once.  The file system may hang: a thread looks.
  LockWatch(Loop&, HeldLock, std::function<void()> lost, Micros every = 5 * second);
  ~LockWatch();
  LockWatch(const LockWatch&) = delete;
  LockWatch& operator=(const LockWatch&) = delete;

  // Looks before each write: what a launcher that slept for an hour wanted to write then, it does
  // not.  The watch outlives it.
  Disk fenced(Disk = {});

 private:
  bool ours();
  void watch();

  Loop& loop_;
  HeldLock lock_;
  std::function<void()> lost_;
  Micros every_;
  std::atomic<bool> told_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by the mutex
  std::thread thread_;
};

}  // namespace pcluster
