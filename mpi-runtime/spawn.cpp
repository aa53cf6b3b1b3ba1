// The spawn engine: one program per slot, its output in chunks, its end when its leader exits, and
// nothing of it left afterwards.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "launcher/base/error.hpp"

namespace pcluster {
namespace {

constexpr Micros long_task = 2 * millisecond;      // younger ones cost the loop nothing
constexpr Micros patience = 1 * second;            // with killed processes that do not die
constexpr Micros look_again = 50 * millisecond;    // while we wait for them
constexpr std::size_t read_at_once = 64 * 1024;    // what a pipe holds
constexpr std::size_t read_per_turn = 512 * 1024;  // of one slot, before the others have their turn

Micros micros(const timeval& time) { return time.tv_sec * second + time.tv_usec; }

}  // namespace

Spawner::Spawner(Loop& loop, std::uint32_t slots, Output output,
                 std::function<void(const Ended&)> ended)
    : loop_(loop),
      output_(std::move(output)),
      ended_(std::move(ended)),
      slots_(slots),
      channels_(slots),
      buffer_(read_at_once) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  child_signals_ = Fd(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!child_signals_) throw Error(Exit::ours, std::string("signalfd: ") + std::strerror(errno));
  loop_.watch(child_signals_.get(), [this] { reap(); });
}

Spawner::~Spawner() {
  loop_.unwatch(child_signals_.get());
  if (watch_timer_) loop_.cancel(*watch_timer_);
  if (look_timer_) loop_.cancel(*look_timer_);
  for (auto& channel : channels_) unwatch(channel);
  for (pid_t child : children_of(getpid())) kill_tree(child);
}

// Both or none: a channel that has one of them counts as open.
void Spawner::open_pipes(Channel& channel) {
  Fd reading[2], writing[2];
  for (int i = 0; i < 2; ++i) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw Error(Exit::ours, std::string("no pipe for a task's output: ") + std::strerror(errno),
                  "use fewer slots, or raise `ulimit -n`");
    reading[i] = Fd(ends[0]);
    writing[i] = Fd(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  std::ranges::move(reading, channel.read);
  std::ranges::move(writing, channel.write);
}

std::optional<StartFailure> Spawner::start(std::uint32_t slot, const Program& program,
                                           const std::string& mark) {
  Channel& channel = channels_[slot];
  if (!channel.write[0]) open_pipes(channel);
  // A task may have left its output non-blocking (ssh, node.js): the next must not see that.
  for (auto& end : channel.write) fcntl(end.get(), F_SETFL, 0);
  channel.start_unix = unix_now();
  channel.started = loop_.now();
  auto outcome = starter_.start(program, channel.write[0].get(), channel.write[1].get());
  if (auto* failure = std::get_if<StartFailure>(&outcome)) return *failure;
  pid_t leader = std::get<pid_t>(outcome);
  remains_.reaped(leader);
  slots_[slot].leader = leader;
  slots_[slot].ended = false;
  slots_[slot].sequence = ++sequence_;
  slots_[slot].mark = mark;
  leaders_.emplace(leader, slot);
  ++running_;
  if (!watch_timer_)
    watch_timer_ = loop_.at(loop_.now() + long_task, [this] { watch_long_ones(); });
  return std::nullopt;
}

void Spawner::signal(std::uint32_t slot, int signal) {
  const Occupant& task = slots_[slot];
  if (task.leader == 0) return;
  auto roots = remains_.of(slot, slots_, leaders_);
  if (!task.ended) roots.insert(roots.begin(), task.leader);
  for (pid_t root : roots) signal == SIGKILL ? kill_tree(root) : signal_tree(root, signal);
}

void Spawner::reap() {
  signalfd_siginfo told[8];
  while (read(child_signals_.get(), told, sizeof told) == sizeof told) continue;
  int status = 0;
  rusage usage{};
  for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;) {
    auto leader = leaders_.find(pid);
    if (leader == leaders_.end()) {
      remains_.reaped(pid);
      continue;
    }
    std::uint32_t slot = leader->second;
    leaders_.erase(leader);
    slots_[slot].ended = true;
    channels_[slot].status = status;
    channels_[slot].usage = usage;
    channels_[slot].ended = loop_.now();
    ending_.push_back(slot);
  }
  if (!ending_.empty()) settle();
}

// What is left of an ended task's tree hangs below us now: one look covers all that ended.
void Spawner::settle() {
  auto verdict = remains_.look(slots_, leaders_);
  Micros now = loop_.now();
  std::vector<std::uint32_t> ready, waiting;
  for (std::uint32_t slot : ending_) {
    bool wait = verdict.waiting.contains(slot) && now - channels_[slot].ended < patience;
    (wait ? waiting : ready).push_back(slot);
  }
  ending_.swap(waiting);
  if (verdict.unfinished) look_later(ending_.empty() ? patience : look_again);
  for (std::uint32_t slot : ready)
    finish(slot, !verdict.strangers && !verdict.waiting.contains(slot));
}

void Spawner::look_later(Micros delay) {
  if (look_timer_) return;
  look_timer_ = loop_.at(loop_.now() + delay, [this] {
    look_timer_.reset();
    settle();
  });
}

// `clean`: every writer is dead, the pipes can serve the next task.
void Spawner::finish(std::uint32_t slot, bool clean) {
  Channel& channel = channels_[slot];
  drain(slot, clean ? SIZE_MAX : read_per_turn);
  unwatch(channel);
  channel.held = false;
  Ended end;
  end.slot = slot;
  bool exited = WIFEXITED(channel.status);
  end.exit_code = exited ? WEXITSTATUS(channel.status) : -1;
  end.signal = exited ? 0 : WTERMSIG(channel.status);
  end.start_unix = channel.start_unix;
  end.end_unix = channel.start_unix + (channel.ended - channel.started);
  end.cpu = micros(channel.usage.ru_utime) + micros(channel.usage.ru_stime);
  end.max_rss_kb = static_cast<std::uint64_t>(channel.usage.ru_maxrss);
  if (!clean) {
    for (auto& pipe : channel.read) pipe.reset();
    for (auto& pipe : channel.write) pipe.reset();
    if (channel.ended + patience <= loop_.now())
      end.message = "left processes that do not die (in a system call that hangs?); not waited for";
  }
  slots_[slot].leader = 0;
  slots_[slot].ended = false;
  --running_;
  ended_(end);  // may start the next task here
}

void Spawner::read_now(std::uint32_t slot) { drain(slot, read_per_turn); }

bool Spawner::drain(std::uint32_t slot, std::size_t limit) {
  bool empty = true;
  for (int i = 0; i < 2; ++i) {
    std::size_t taken = 0;
    for (ssize_t n;
         (n = read(channels_[slot].read[i].get(), buffer_.data(), buffer_.size())) > 0;) {
      auto size = static_cast<std::size_t>(n);
      output_(slot, i == 0 ? Stream::out : Stream::err, {buffer_.data(), size});
      taken += size;
      if (taken < limit && (!channels_[slot].held || limit == SIZE_MAX)) continue;
      empty = false;
      break;
    }
  }
  return empty;
}

void Spawner::watch(std::uint32_t slot) {
  channels_[slot].watched = true;
  for (auto& pipe : channels_[slot].read)
    loop_.watch(pipe.get(), [this, slot] { drain(slot, read_per_turn); });
}

void Spawner::unwatch(Channel& channel) {
  if (!channel.watched) return;
  for (auto& pipe : channel.read) loop_.unwatch(pipe.get());
  channel.watched = false;
}

void Spawner::hold(std::uint32_t slot, bool yes) {
  Channel& channel = channels_[slot];
  if (slots_[slot].leader == 0 || std::exchange(channel.held, yes) == yes) return;
  yes ? unwatch(channel) : watch(slot);
}

// Most tasks of a flood are gone before this comes to them, and never cost the loop a descriptor.
void Spawner::watch_long_ones() {
  watch_timer_.reset();
  Micros now = loop_.now();
  std::optional<Micros> youngest;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].leader == 0 || channels_[slot].watched || channels_[slot].held) continue;
    if (now - channels_[slot].started >= long_task)
      watch(slot);
    else
      youngest = std::min(youngest.value_or(channels_[slot].started), channels_[slot].started);
  }
  if (youngest) watch_timer_ = loop_.at(*youngest + long_task, [this] { watch_long_ones(); });
}

}  // namespace pcluster
