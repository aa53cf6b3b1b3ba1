// Starting a process that outlives us: in a session of its own, and nobody's zombie.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/io/child.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

// What goes back through the pipe: the pid first, then, only if exec failed, its error.
struct Word {
  int pid = 0, error = 0;
};

struct Plan {  // all made before the fork: between fork and exec only plain system calls are
               // allowed
  const char* program;
  char* const* argv;
  char* const* environment;
  int null, log, pipe;
};

void close_later_all_but_standard() {
#ifdef SYS_close_range
  constexpr unsigned on_exec = 1u << 2;  // CLOSE_RANGE_CLOEXEC
  if (syscall(SYS_close_range, 3u, ~0u, on_exec) == 0) return;
#endif
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int last = limit.rlim_cur < 65536 ? static_cast<int>(limit.rlim_cur) : 65536;
  for (int fd = 3; fd < last; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

[[noreturn]] void become(const Plan& plan) {
  struct sigaction normal {};
  normal.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &normal, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(plan.null, STDIN_FILENO);
  dup2(plan.log, STDOUT_FILENO);
  dup2(plan.log, STDERR_FILENO);
  close_later_all_but_standard();  // a pipe inherited from a shell would never see its end
  execve(plan.program, plan.argv, plan.environment);
  const Word failed{0, errno};
  if (write(plan.pipe, &failed, sizeof failed) < 0) _exit(126);
  _exit(127);
}

// The process in between: the new one is no child of ours, init waits for it.
[[noreturn]] void divide(const Plan& plan) {
  setsid();
  const pid_t pid = fork();
  if (pid == 0) become(plan);
  const Word word{pid, pid < 0 ? errno : 0};
  _exit(write(plan.pipe, &word, sizeof word) == sizeof word ? 0 : 1);
}

[[noreturn]] void fail(const std::string& what, int error) {
  throw Error(Exit::refused, fmt::format("cannot start {}: {}", what, std::strerror(error)));
}

Word read_word(int fd) {
  Word word;
  ssize_t got = 0;
  do got = ::read(fd, &word, sizeof word);
  while (got < 0 && errno == EINTR);
  return got == sizeof word ? word : Word{};
}

}  // namespace

int start_detached(const std::vector<std::string>& argv, const std::string& log,
                   const std::vector<std::string>& environment) {
  if (argv.empty()) throw Error(Exit::usage, "no command to start");
  const char* path = std::getenv("PATH");
  const auto program = find_program(argv.front(), path != nullptr ? path : "/usr/bin:/bin");
  if (!program) fail(argv.front(), ENOENT);
  const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  Fd file;
  if (!log.empty()) {
    file = Fd(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file) fail(argv.front() + " with its log " + log, errno);
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail(argv.front(), errno);
  const Fd from(ends[0]);
  Fd to(ends[1]);

  auto words = argv, merged = merged_environment(environment);
  const auto word_list = pointers(words), merged_list = pointers(merged);
  const Plan plan{program->c_str(),
                  word_list.data(),
                  merged_list.data(),
                  null.get(),
                  file ? file.get() : null.get(),
                  to.get()};
  const pid_t middle = fork();
  if (middle == 0) divide(plan);
  if (middle < 0) fail(argv.front(), errno);
  to.reset();
  // Two words at most, in either order; the end of the pipe is a successful exec.
  int pid = 0, error = 0;
  for (Word word = read_word(from.get()); word.pid != 0 || word.error != 0;
       word = read_word(from.get())) {
    if (word.pid > 0) pid = word.pid;
    if (word.error != 0) error = word.error;
  }
  while (waitpid(middle, nullptr, 0) < 0 && errno == EINTR) continue;
  if (error != 0) fail(argv.front(), error);
  if (pid <= 0) fail(argv.front(), ECHILD);
  return pid;
}

}  // namespace pcluster
