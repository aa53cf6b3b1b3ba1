// A program in our place: our terminal and streams, and the signals that reach us reach it.
// SPDX-License-Identifier: MIT
#include "launcher/io/attached.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "launcher/io/child.hpp"

namespace pcluster {
namespace {

constexpr int passed_on[] = {SIGINT, SIGTERM, SIGHUP};

sigset_t waited_for() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (const int signal : passed_on) sigaddset(&set, signal);
  return set;
}

// 0, or the error's number.
int start(pid_t& pid, const std::vector<std::string>& argv,
          const std::vector<std::string>& environment, const sigset_t& mask) {
  auto words = argv;
  auto variables = merged_environment(environment);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int error = posix_spawnp(&pid, words.front().c_str(), nullptr, &attributes,
                                 pointers(words).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  return error;
}

// Its status, once it has ended.
std::optional<int> reap(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, WNOHANG) != pid) return {};
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

int run_attached(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                 std::string& wrong) {
  const auto set = waited_for();
  sigset_t before;
  sigprocmask(SIG_BLOCK, &set, &before);
  pid_t pid = 0;
  if (const int error = start(pid, argv, environment, before); error != 0) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    wrong = argv.front() + ": " + std::strerror(error);
    return error == ENOENT ? 127 : 126;
  }
  std::optional<int> code;
  while (!(code = reap(pid))) {
    siginfo_t about{};
    const int signal = sigwaitinfo(&set, &about);
    // The terminal's own (from the kernel) went to its whole foreground group, the program too.
    if (signal > 0 && signal != SIGCHLD && about.si_code != SI_KERNEL) kill(pid, signal);
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return *code;
}

}  // namespace pcluster
