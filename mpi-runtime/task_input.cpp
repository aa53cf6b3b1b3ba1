// Input of the tasks that have one, their standard input or a channel's: what their client sends, a
// pipe's worth at a time and in bounded memory.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/task_input.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "launcher/base/error.hpp"
#include "mpi-runtime/named_pipe.hpp"

namespace pcluster {

TaskInputs::TaskInputs(Loop& loop, std::function<void(const InputWanted&)> wants)
    : loop_(loop), wants_(std::move(wants)) {}

TaskInputs::~TaskInputs() {
  if (poll_) loop_.unwatch(poll_.get());
  for (const auto& [attempt, pipe] : pipes_)
    if (!pipe.path.empty()) unlink(pipe.path.c_str());
}

void TaskInputs::poll() {
  if (poll_) return;
  poll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  if (poll_) loop_.watch(poll_.get(), [this] { writable(); });
}

Fd TaskInputs::open(const AttemptId& attempt) {
  poll();
  int ends[2];
  if (!poll_ || pipe2(ends, O_CLOEXEC) != 0)
    throw Error(Exit::ours, std::string("no pipe for a task's input: ") + std::strerror(errno),
                "use fewer slots, or raise `ulimit -n`");
  Fd read(ends[0]), write(ends[1]);
  fcntl(write.get(), F_SETFL, O_NONBLOCK);
  pipes_.insert_or_assign(attempt, Pipe{attempt, std::move(write)});
  return read;
}

void TaskInputs::open_named(const AttemptId& attempt, const std::string& path) {
  poll();
  Fd read = make_named_pipe(path, O_RDONLY);
  Pipe pipe{attempt, open_named_pipe(path, O_WRONLY)};
  pipe.read = std::move(read);
  pipe.path = path;
  pipes_.insert_or_assign(attempt, std::move(pipe));
}

void TaskInputs::started(const AttemptId& attempt) {
  if (const auto found = pipes_.find(attempt); found != pipes_.end()) tell(found->second, true);
}

// What comes twice, or leaves a gap because a launcher or a connection went, is no matter: the
// client sends again from where we are.
void TaskInputs::feed(const TaskInput& input) {
  const auto found = pipes_.find(input.attempt);
  if (found == pipes_.end()) return;
  Pipe& pipe = found->second;
  const auto after = input.at + input.bytes.size();
  const bool fits = after <= pipe.received + window - pipe.waiting.size();
  const bool next = input.at <= pipe.received && after >= pipe.received && fits;
  const bool asks = (input.bytes.empty() && !input.end) || input.at != pipe.received;
  if (next && !pipe.end && !pipe.deaf) {
    pipe.waiting.append(input.bytes, pipe.received - input.at);
    pipe.received = after;
    pipe.end = input.end;
    drain(pipe);
  }
  tell(pipe, asks);
}

void TaskInputs::close(const AttemptId& attempt) {
  const auto found = pipes_.find(attempt);
  if (found == pipes_.end()) return;
  shut(found->second);
  if (!found->second.path.empty()) unlink(found->second.path.c_str());
  pipes_.erase(found);
}

void TaskInputs::drain(Pipe& pipe) {
  std::size_t done = 0;
  bool full = false;
  while (done < pipe.waiting.size() && !full && !pipe.deaf) {
    const auto taken =
        write(pipe.write.get(), pipe.waiting.data() + done, pipe.waiting.size() - done);
    if (taken > 0) done += static_cast<std::size_t>(taken);
    full = taken < 0 && errno == EAGAIN;
    pipe.deaf = taken < 0 && errno != EAGAIN && errno != EINTR;  // it has closed it, and may
  }
  pipe.waiting.erase(0, pipe.deaf ? std::string::npos : done);
  wait(pipe, full);
  if (pipe.deaf || (pipe.end && pipe.waiting.empty())) shut(pipe);
}

// Not for every line that a program reads; and who reads no more is sent no more.
void TaskInputs::tell(Pipe& pipe, bool anyhow) {
  const auto limit = pipe.received + window - pipe.waiting.size();
  if (pipe.end || pipe.deaf || (!anyhow && limit < pipe.told + window / 2)) return;
  pipe.told = limit;
  wants_({pipe.attempt, static_cast<std::uint32_t>(limit - pipe.received), pipe.received, false});
}

void TaskInputs::wait(Pipe& pipe, bool blocked) {
  if (blocked == pipe.blocked) return;
  pipe.blocked = blocked;
  epoll_event event{};
  event.events = EPOLLOUT;
  event.data.fd = pipe.write.get();
  epoll_ctl(poll_.get(), blocked ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, pipe.write.get(), &event);
}

void TaskInputs::shut(Pipe& pipe) {
  if (!pipe.write) return;
  wait(pipe, false);
  pipe.write.reset();
}

void TaskInputs::writable() {
  epoll_event ready[8];
  const int count = epoll_wait(poll_.get(), ready, 8, 0);
  for (int i = 0; i < count; ++i)
    for (auto& [attempt, pipe] : pipes_) {
      if (!pipe.write || pipe.write.get() != ready[i].data.fd) continue;
      drain(pipe);
      tell(pipe, false);
      break;
    }
}

}  // namespace pcluster
