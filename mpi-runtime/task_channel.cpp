// What tasks write to their channels, on its way to their clients: kept until it has arrived, in
// bounded memory, and sent again when it may not have.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/task_channel.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "launcher/base/error.hpp"
#include "mpi-runtime/named_pipe.hpp"

namespace pcluster {
namespace {

constexpr std::size_t read_at_once = 64 << 10;  // what a pipe holds

}  // namespace

TaskChannels::TaskChannels(Loop& loop, std::function<void(ChannelBytes)> send)
    : loop_(loop), send_(std::move(send)), buffer_(read_at_once) {}

TaskChannels::~TaskChannels() {
  if (poll_) loop_.unwatch(poll_.get());
  for (const auto& [attempt, pipe] : pipes_)
    if (!pipe.path.empty()) unlink(pipe.path.c_str());
}

Fd TaskChannels::open(const AttemptId& attempt) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw Error(Exit::ours, std::string("no pipe for a task's channel: ") + std::strerror(errno),
                "use fewer slots, or raise `ulimit -n`");
  Fd read(ends[0]), write(ends[1]);
  fcntl(read.get(), F_SETFL, O_NONBLOCK);
  add(attempt, std::move(read), {});
  return write;
}

// Both ways: a pipe that its program has not opened yet would read as ended.  Its end comes with
// the program's.
void TaskChannels::open_named(const AttemptId& attempt, const std::string& path) {
  add(attempt, make_named_pipe(path, O_RDWR), path);
}

void TaskChannels::add(const AttemptId& attempt, Fd read, const std::string& path) {
  if (!poll_) {
    poll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    if (!poll_)
      throw Error(Exit::ours, std::string("no epoll for channels: ") + std::strerror(errno),
                  "raise `ulimit -n`");
    loop_.watch(poll_.get(), [this] { readable(); });
  }
  pipes_.insert_or_assign(attempt, Pipe{attempt, std::move(read), path});
}

TaskChannels::Pipe* TaskChannels::find(const AttemptId& attempt) {
  const auto found = pipes_.find(attempt);
  return found == pipes_.end() ? nullptr : &found->second;
}

void TaskChannels::started(const AttemptId& attempt) {
  if (auto* pipe = find(attempt)) watch(*pipe, true);
}

void TaskChannels::taken(const ChannelTaken& said) {
  auto* pipe = find(said.attempt);
  if (pipe == nullptr || said.have < pipe->have || said.have > pipe->total()) return;
  confirm(*pipe, said.have);
  pipe->limit = said.have + said.room;
  if (said.again) {
    pipe->sent = said.have;
    pipe->said_end = false;
  }
  move_on(*pipe);
}

void TaskChannels::send_again() {
  std::vector<AttemptId> all;
  for (auto& [attempt, pipe] : pipes_) {
    pipe.sent = pipe.have;
    pipe.said_end = false;
    all.push_back(attempt);
  }
  for (const auto& attempt : all)
    if (auto* pipe = find(attempt)) move_on(*pipe);
}

void TaskChannels::finish(const AttemptId& attempt, std::function<void()> done) {
  auto* pipe = find(attempt);
  if (pipe == nullptr) return done();
  pipe->over = true;
  pipe->done = std::move(done);
  move_on(*pipe);
}

void TaskChannels::give_up(const AttemptId& attempt) {
  auto* pipe = find(attempt);
  if (pipe == nullptr || !pipe->done) return;
  const auto done = std::exchange(pipe->done, nullptr);
  remove(attempt);
  done();
}

void TaskChannels::close(const AttemptId& attempt) { remove(attempt); }

void TaskChannels::move_on(Pipe& pipe) {
  fill(pipe);
  send(pipe);
  watch(pipe, pipe.read && pipe.waiting() < window);
  if (!pipe.done || pipe.read || pipe.waiting() > 0) return;
  give_up(pipe.attempt);
}

// What survives its program (a process that does not die) is not waited for.
void TaskChannels::fill(Pipe& pipe) {
  if (pipe.first > window) pipe.kept.erase(0, std::exchange(pipe.first, 0));
  while (pipe.read && pipe.waiting() < window) {
    const auto most = std::min<std::size_t>(window - pipe.waiting(), buffer_.size());
    const auto got = read(pipe.read.get(), buffer_.data(), most);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN && !pipe.over) return;
    if (got <= 0) return at_end(pipe);
    pipe.kept.append(buffer_.data(), static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < most && !pipe.over) return;
  }
}

void TaskChannels::send(Pipe& pipe) {
  const auto until = std::min(pipe.total(), pipe.limit);
  while (pipe.sent < until) {
    const auto size = std::min<std::uint64_t>(until - pipe.sent, part);
    const auto at = std::exchange(pipe.sent, pipe.sent + size);
    pipe.said_end = !pipe.read && pipe.sent == pipe.total();
    send_({pipe.attempt, pipe.kept.substr(pipe.first + (at - pipe.have), size), at, pipe.said_end});
  }
  if (pipe.read || pipe.said_end || pipe.sent < pipe.total()) return;
  pipe.said_end = true;
  send_({pipe.attempt, {}, pipe.sent, true});
}

void TaskChannels::confirm(Pipe& pipe, std::uint64_t have) {
  pipe.first += have - pipe.have;
  pipe.have = have;
  pipe.sent = std::max(pipe.sent, have);
  if (pipe.waiting() > 0) return;
  pipe.kept.clear();
  pipe.first = 0;
}

void TaskChannels::watch(Pipe& pipe, bool yes) {
  if (std::exchange(pipe.watched, yes) == yes) return;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = pipe.read.get();
  epoll_ctl(poll_.get(), yes ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, pipe.read.get(), &event);
}

void TaskChannels::at_end(Pipe& pipe) {
  watch(pipe, false);
  pipe.read.reset();
}

void TaskChannels::remove(const AttemptId& attempt) {
  const auto found = pipes_.find(attempt);
  if (found == pipes_.end()) return;
  if (found->second.read) watch(found->second, false);
  if (!found->second.path.empty()) unlink(found->second.path.c_str());
  pipes_.erase(found);
}

void TaskChannels::readable() {
  epoll_event ready[16];
  const int count = epoll_wait(poll_.get(), ready, 16, 0);
  for (int i = 0; i < count; ++i)
    for (auto& [attempt, pipe] : pipes_) {
      if (!pipe.read || pipe.read.get() != ready[i].data.fd) continue;
      move_on(pipe);
      break;
    }
}

}  // namespace pcluster
