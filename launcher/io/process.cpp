// Short commands of others, run to their end: blocking, or on the loop.
// SPDX-License-Identifier: MIT
#include "launcher/io/process.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <utility>

#include "launcher/io/child.hpp"

namespace pcluster {
namespace {

// Kernels before 5.3 have no descriptor for a process; there we look, while a command runs.
constexpr Micros look_again = 20 * millisecond;

Time steady() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

struct Running {
  Loop& loop;
  Child child;
  std::function<void(CommandOutput)> done;
  int out = child.out(), err = child.err(), exit_event = child.exit_event();
  std::optional<TimerId> limit, look;
};
using RunningPtr = std::shared_ptr<Running>;

void finish(const RunningPtr& running) {
  const auto done = std::exchange(running->done, nullptr);
  if (!done) return;
  for (const int fd : {running->out, running->err, running->exit_event})
    if (fd >= 0) running->loop.unwatch(fd);
  for (const auto& timer : {running->limit, running->look})
    if (timer) running->loop.cancel(*timer);
  done(running->child.take());
}

void look(const RunningPtr& running) {
  if (running->child.check_exit()) return finish(running);
  if (running->exit_event < 0)
    running->look = running->loop.at(running->loop.now() + look_again, [=] { look(running); });
}

void watch(const RunningPtr& running) {
  auto& loop = running->loop;
  // At its end a stream leaves the loop before its descriptor is closed and its number used again.
  const auto stream = [&](int Running::*fd, bool is_out) {
    if (running.get()->*fd < 0) return;
    loop.watch(running.get()->*fd, [running, fd, is_out] {
      auto& child = running->child;
      is_out ? child.read_out() : child.read_err();
      if ((is_out ? child.out() : child.err()) >= 0) return;
      running->loop.unwatch(std::exchange(running.get()->*fd, -1));
    });
  };
  stream(&Running::out, true);
  stream(&Running::err, false);
  if (running->exit_event >= 0) loop.watch(running->exit_event, [running] { look(running); });
}

}  // namespace

CommandOutput run_command(const std::vector<std::string>& argv, const CommandOptions& options) {
  Child child(argv, options);
  Time deadline = steady() + options.timeout;
  while (!child.check_exit()) {
    std::array<pollfd, 3> ready{{{child.out(), POLLIN, 0},  // negative ones are skipped
                                 {child.err(), POLLIN, 0},
                                 {child.exit_event(), POLLIN, 0}}};
    auto left = std::max<Micros>(0, deadline - steady());
    if (child.exit_event() < 0) left = std::min(left, look_again);
    poll(ready.data(), ready.size(), static_cast<int>((left + 999) / 1000));
    if (ready[0].revents != 0) child.read_out();
    if (ready[1].revents != 0) child.read_err();
    if (steady() >= deadline) {
      child.time_out();
      deadline = steady() + second;
    }
  }
  return child.take();
}

void run_command(Loop& loop, std::vector<std::string> argv, CommandOptions options,
                 std::function<void(CommandOutput)> done) {
  const auto running = std::shared_ptr<Running>(
      new Running{loop, {argv, options}, std::move(done)});  // a Child cannot be moved
  if (running->child.finished()) {
    loop.post([running] { finish(running); });
    return;
  }
  watch(running);
  running->limit = loop.at(loop.now() + options.timeout, [running] {
    running->limit.reset();
    running->child.time_out();
  });
  if (running->exit_event < 0) look(running);
}

}  // namespace pcluster
