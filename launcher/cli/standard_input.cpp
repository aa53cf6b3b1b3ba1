// Our standard input on its way to a task.
// SPDX-License-Identifier: MIT
#include "launcher/cli/standard_input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "launcher/cli/terminal.hpp"

namespace pcluster {

std::size_t InputWindow::room() const {
  const auto next = from_ + sent_.size();
  return attempt_ && !ended_ && limit_ > next ? limit_ - next : 0;
}

TaskInput InputWindow::add(std::string bytes) {
  TaskInput input{*attempt_, std::move(bytes), false, from_ + sent_.size()};
  sent_ += input.bytes;
  return input;
}

TaskInput InputWindow::end() {
  ended_ = true;
  return {*attempt_, {}, true, from_ + sent_.size()};
}

std::optional<TaskInput> InputWindow::wanted(const InputWanted& said) {
  const bool other = attempt_ && said.attempt != *attempt_;
  if (other && from_ > 0) return {};  // it would begin in the middle; and such a task has one try
  attempt_ = said.attempt;
  const auto has = std::clamp(said.from, from_, from_ + sent_.size());
  sent_.erase(0, has - from_);
  from_ = has;
  limit_ = std::max(limit_, said.from + said.bytes);
  if ((!said.again && !other) || (sent_.empty() && !ended_)) return {};
  return unconfirmed();
}

TaskInput InputWindow::again(const AttemptId& attempt) {
  if (!attempt_) attempt_ = attempt;
  return unconfirmed();
}

int StandardInput::descriptor() const {
  if (window.room() == 0) return -1;
  const bool others = is_terminal(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) != getpgrp();
  return others ? -1 : STDIN_FILENO;
}

std::optional<TaskInput> StandardInput::read() {
  std::string bytes(std::min<std::size_t>(window.room(), 64 << 10), '\0');
  const auto got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (got <= 0) return window.end();  // what cannot be read has no more either
  bytes.resize(static_cast<std::size_t>(got));
  return window.add(std::move(bytes));
}

void open_missing_input() {
  if (fcntl(STDIN_FILENO, F_GETFD) < 0 && errno == EBADF) open("/dev/null", O_RDONLY);
}

}  // namespace pcluster
