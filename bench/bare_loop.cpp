// A bare spawn loop and what it costs, to measure ours against.
// SPDX-License-Identifier: MIT
#include "bare_loop.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <initializer_list>

extern char** environ;

namespace bench {
namespace {

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double micros(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

double cpu() {
  rusage own{}, children{};
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  return micros(own.ru_utime) + micros(own.ru_stime) + micros(children.ru_utime) +
         micros(children.ru_stime);
}

void spawn(Call call, char* const* words) {
  pid_t pid = -1;
  if (call == Call::posix_spawn) {
    if (posix_spawn(&pid, words[0], nullptr, nullptr, words, environ) != 0) die("posix_spawn");
    return;
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  pid = vfork();  // NOLINT: the very thing to compare with
#pragma GCC diagnostic pop
  if (pid < 0) die("vfork");
  if (pid > 0) return;
  execve(words[0], words, environ);
  _exit(127);
}

}  // namespace

Clock::Clock() : wall_(now()), cpu_us_(cpu()) {}

Cost Clock::per_task(int tasks) const {
  double seconds = now() - wall_;
  return {tasks / seconds, seconds, (cpu() - cpu_us_) / tasks};
}

Cost bare_loop(Call call, int tasks, int in_flight, const char* program) {
  // The streams are redirected once, here: the children cost nothing for it.
  int out = dup(1), err = dup(2), null = open("/dev/null", O_RDWR | O_CLOEXEC);
  fcntl(out, F_SETFD, FD_CLOEXEC);
  fcntl(err, F_SETFD, FD_CLOEXEC);
  for (int stream = 0; stream < 3; ++stream) dup2(null, stream);
  char* const words[] = {const_cast<char*>(program), nullptr};
  Clock clock;
  for (int started = 0, done = 0; done < tasks; ++done) {
    for (; started < tasks && started - done < in_flight; ++started) spawn(call, words);
    if (waitpid(-1, nullptr, 0) < 0) die("waitpid");
  }
  Cost cost = clock.per_task(tasks);
  dup2(out, 1);
  dup2(err, 2);
  for (int fd : {out, err, null}) close(fd);
  return cost;
}

}  // namespace bench
