// The terminal, the clock, and signals.
// SPDX-License-Identifier: MIT
#include "launcher/cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

volatile std::sig_atomic_t interrupt_count = 0, hangup_count = 0, continue_count = 0;
volatile std::sig_atomic_t interrupt_signal = 0;

void on_signal(int signal) {
  if (signal == SIGHUP)
    hangup_count = hangup_count + 1;
  else if (signal == SIGCONT)
    continue_count = continue_count + 1;
  else {
    interrupt_count = interrupt_count + 1;
    interrupt_signal = signal;
  }
}

// After `bg` the terminal belongs to the shell's next command: a line of ours would run through it.
bool in_foreground() {
  const auto group = tcgetpgrp(STDERR_FILENO);
  return group < 0 || group == getpgrp();
}

}  // namespace

bool is_terminal(int fd) { return isatty(fd) == 1; }

int terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

Time steady_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void pause_for(Micros time) { usleep(static_cast<useconds_t>(time)); }

void write_out(std::string_view text) { write_all(STDOUT_FILENO, text); }

void write_err(std::string_view text) {
  try {
    write_all(STDERR_FILENO, text);
  } catch (const Error&) {  // a closed stderr must not change what the verb does
  }
}

std::string read_stdin() {
  std::string text;
  char buffer[64 * 1024];
  for (;;) {
    const auto got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    if (got == 0) return text;
    if (got < 0 && errno != EINTR)
      throw Error(Exit::usage, std::string("cannot read standard input: ") + std::strerror(errno));
  }
}

void catch_interrupts() {
  interrupt_count = 0;
  hangup_count = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;  // no SA_RESTART: a blocking receive must return
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCONT}) {
    struct sigaction old {};
    // Whoever started us with SIGINT or SIGHUP ignored (`nohup`, `&` in a script) meant it.
    if (sigaction(signal, nullptr, &old) == 0 && old.sa_handler == SIG_IGN) continue;
    sigaction(signal, &action, nullptr);
  }
}

int interrupts() { return interrupt_count; }
int last_interrupt() { return interrupt_signal; }
bool hung_up() { return hangup_count > 0; }

StatusLine::StatusLine(bool terminal, bool quiet, Micros every)
    : terminal_(terminal), quiet_(quiet), every_(every) {}

void StatusLine::show(std::string_view text, Time now) {
  if (quiet_) return;
  if (terminal_) {
    if (!in_foreground()) return;
    if (continued_ != continue_count) shown_.clear();  // the shell has written over it
    continued_ = continue_count;
    const auto width = static_cast<std::size_t>(terminal_width() - 1);
    const auto line = text.substr(0, width);
    if (line == shown_) return;
    shown_ = line;
    write_err("\r" + shown_ + "\033[K");
  } else if (now >= next_ && text != shown_) {
    next_ = now + every_;
    shown_ = text;
    write_err(shown_ + "\n");
  }
}

void StatusLine::keep() {
  if (terminal_ && !quiet_ && !shown_.empty()) write_err("\n");
  shown_.clear();
}

void StatusLine::clear() {
  if (terminal_ && !quiet_ && !shown_.empty()) write_err("\r\033[K");
  shown_.clear();
}

void StatusLine::last(std::string_view text) {
  clear();
  if (!quiet_) write_err(std::string(text) + "\n");
}

}  // namespace pcluster
