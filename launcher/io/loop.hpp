// The event loop: timers, descriptors, signals, and work posted by other threads.  One thread runs
// it, and it outlives what was made on it.  Asio lives behind this header, not in it.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include "launcher/base/units.hpp"

namespace pcluster {

enum class TimerId : std::uint64_t {};

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();                             // until stop()
  void stop();                            // from inside the loop
  Time now() const;                       // steady, microseconds
  void post(std::function<void()> work);  // from any thread; runs in the next turn
  TimerId at(Time when, std::function<void()> work);
  void cancel(TimerId);  // a fired or unknown one is ignored
  // Level-triggered, until unwatch, which comes before the close; does not own fd, makes it
  // non-blocking.
  void watch(int fd, std::function<void()> readable);
  void unwatch(int fd);
  void on_signals(std::initializer_list<int> signals, std::function<void(int)> work);
  // Runs once at the end of each turn in which anything else ran: where output is flushed.
  void on_turn_end(std::function<void()> work);

  struct Impl;
  Impl& impl() { return *impl_; }  // for launcher/io only

 private:
  std::unique_ptr<Impl> impl_;
};

Micros unix_now();  // microseconds since 1970

}  // namespace pcluster
