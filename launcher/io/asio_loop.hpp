// The loop's insides, for the other sources of launcher/io: Asio as the reactor, and the work that
// is kept for the end of a turn. SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "launcher/io/asio.hpp"
#include "launcher/io/loop.hpp"

namespace pcluster {

struct Watch {
  asio::posix::stream_descriptor descriptor;
  std::function<void()> readable;
  bool active = true;
};

struct Loop::Impl {
  asio::io_context context{1};  // destroyed last: the others hold on to it
  bool stopped = false;

  // All timers share one of Asio's: setting and cancelling costs a map entry.
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> timers;
  std::unordered_map<std::uint64_t, Time> timer_times;
  std::uint64_t last_timer = 0;
  asio::steady_timer clock{context};
  Time clock_set_for = 0;  // 0: not set

  std::unordered_map<int, std::shared_ptr<Watch>> watches;
  std::vector<std::unique_ptr<asio::signal_set>> signals;
  std::vector<std::function<void()>> turn_hooks;
  std::vector<std::function<void()>> turn_work;  // once, at the end of this turn, after the hooks

  std::array<char, 64 * 1024> buffer;  // for reads: one thread, used up before the next handler

  ~Impl();
  void at_turn_end(std::function<void()> work) { turn_work.push_back(std::move(work)); }
  void end_turn();
  void set_clock();
  void run_due();
  void wait(const std::shared_ptr<Watch>& watch);
};

}  // namespace pcluster
