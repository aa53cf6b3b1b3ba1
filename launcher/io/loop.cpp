// The event loop on Asio.
// SPDX-License-Identifier: MIT
#include "launcher/io/loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "launcher/base/error.hpp"
#include "launcher/io/asio.hpp"
#include "launcher/io/asio_loop.hpp"

namespace pcluster {
namespace {

// More handlers than this in one turn, and what they have to send would wait too long.
constexpr int handlers_per_turn = 256;

std::chrono::steady_clock::time_point to_point(Time when) {
  return std::chrono::steady_clock::time_point(std::chrono::microseconds(when));
}

void wait_for_signal(asio::signal_set& set, const std::shared_ptr<std::function<void(int)>>& work) {
  set.async_wait([&set, work](const asio::error_code& error, int number) {
    if (error) return;
    wait_for_signal(set, work);
    (*work)(number);
  });
}

}  // namespace

Micros unix_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

Loop::Impl::~Impl() {
  for (auto& [fd, watch] : watches) watch->descriptor.release();  // not ours to close
}

// Hooks first: what they send still leaves with this turn.
void Loop::Impl::end_turn() {
  for (std::size_t i = 0; i < turn_hooks.size(); ++i) turn_hooks[i]();
  while (!turn_work.empty())
    for (const auto& work : std::exchange(turn_work, {})) work();
}

void Loop::Impl::set_clock() {
  if (timers.empty()) {
    if (clock_set_for != 0) clock.cancel();
    clock_set_for = 0;
    return;
  }
  const Time next = std::max<Time>(1, timers.begin()->first.first);
  if (next == clock_set_for) return;
  clock_set_for = next;
  clock.expires_at(to_point(next));
  clock.async_wait([this](const asio::error_code& error) {
    if (error) return;
    clock_set_for = 0;
    run_due();
  });
}

void Loop::Impl::run_due() {
  const auto until = std::chrono::steady_clock::now();
  while (!timers.empty() && to_point(timers.begin()->first.first) <= until) {
    auto first = timers.extract(timers.begin());
    timer_times.erase(first.key().second);
    first.mapped()();
  }
  set_clock();
}

void Loop::Impl::wait(const std::shared_ptr<Watch>& watch) {
  watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                               [this, watch](const asio::error_code& error) {
                                 if (error || !watch->active) return;
                                 watch->readable();
                                 if (watch->active) wait(watch);
                               });
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  const auto guard = asio::make_work_guard(impl_->context);
  impl_->context.restart();  // a run before may have ended it for lack of work
  impl_->stopped = false;
  impl_->end_turn();  // what was sent before
  while (!impl_->stopped) {
    impl_->context.run_one();
    for (int i = 0; i < handlers_per_turn && !impl_->stopped; ++i)
      if (impl_->context.poll_one() == 0) break;
    impl_->end_turn();
  }
}

void Loop::stop() { impl_->stopped = true; }

Time Loop::now() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

void Loop::post(std::function<void()> work) { asio::post(impl_->context, std::move(work)); }

TimerId Loop::at(Time when, std::function<void()> work) {
  const auto id = ++impl_->last_timer;
  impl_->timers.emplace(std::pair(when, id), std::move(work));
  impl_->timer_times.emplace(id, when);
  impl_->set_clock();
  return TimerId{id};
}

void Loop::cancel(TimerId timer) {
  const auto id = static_cast<std::uint64_t>(timer);
  const auto found = impl_->timer_times.find(id);
  if (found == impl_->timer_times.end()) return;
  impl_->timers.erase({found->second, id});
  impl_->timer_times.erase(found);
  // The clock stays set: one turn for nothing costs less than setting it anew at each cancel.
}

void Loop::watch(int fd, std::function<void()> readable) {
  unwatch(fd);
  auto watch = std::make_shared<Watch>(
      Watch{asio::posix::stream_descriptor(impl_->context), std::move(readable)});
  asio::error_code error;
  watch->descriptor.assign(fd, error);
  if (error)
    throw Error(Exit::refused, fmt::format("cannot watch descriptor {}: {}", fd, error.message()));
  impl_->watches.emplace(fd, watch);
  impl_->wait(watch);
}

void Loop::unwatch(int fd) {
  const auto found = impl_->watches.find(fd);
  if (found == impl_->watches.end()) return;
  const auto watch = std::move(found->second);
  impl_->watches.erase(found);
  watch->active = false;
  watch->descriptor.release();
}

void Loop::on_signals(std::initializer_list<int> signals, std::function<void(int)> work) {
  auto set = std::make_unique<asio::signal_set>(impl_->context);
  for (const int number : signals) set->add(number);
  wait_for_signal(*set, std::make_shared<std::function<void(int)>>(std::move(work)));
  impl_->signals.push_back(std::move(set));
}

void Loop::on_turn_end(std::function<void()> work) { impl_->turn_hooks.push_back(std::move(work)); }

}  // namespace pcluster
