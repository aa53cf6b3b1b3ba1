// The guard: one process above each worker, which ends whatever is left when the worker is gone,
// however it went.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/guard.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>

#include "launcher/base/error.hpp"
#include "launcher/base/units.hpp"
#include "mpi-runtime/process_tree.hpp"

namespace pcluster {
namespace {

constexpr Micros patience = 10 * second;  // with processes that do not die (hung system calls)
constexpr Micros look_again = 2 * millisecond;  // killed ones take a moment to go

struct End {
  int code = 0;
  int killed = 0;     // by this signal
  bool told = false;  // the guard was, that the job is to end
};

// Everything that hangs below us: the worker's tasks came to us when it died.  False: some of it
// does not die.
bool end_all() {
  for (Micros waited = 0; waited < patience; waited += look_again) {
    auto children = children_of(getpid());
    for (pid_t child : children) kill_tree(child);
    while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
    if (children.empty()) return true;
    timespec moment{0, look_again * 1000};
    nanosleep(&moment, nullptr);
  }
  return false;
}

End wait_for(pid_t worker, const sigset_t& signals) {
  for (End end;;) {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != worker) continue;
      end.killed = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
      end.code = end.killed != 0 ? 128 + end.killed : WEXITSTATUS(status);
      return end;
    }
    siginfo_t told{};
    if (sigwaitinfo(&signals, &told) <= 0 || told.si_signo == SIGCHLD) continue;
    end.told = true;
    kill(worker, told.si_signo == SIGUSR1 ? SIGUSR1 : SIGTERM);
  }
}

bool told_meanwhile() {
  sigset_t waiting;
  sigpending(&waiting);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
    if (sigismember(&waiting, signal) == 1) return true;
  return false;
}

// The worker is forked off here.  `before`: the signals that were blocked then.
pid_t begin(const std::function<int()>& worker, const sigset_t& before) {
  const pid_t guard = getpid();
  const pid_t child = fork();
  if (child < 0)
    throw Error(Exit::ours, std::string("cannot start the worker: ") + strerror(errno));
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t mask = before;
  sigaddset(&mask, SIGUSR1);  // waits until the worker listens: it would end it now
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (getppid() != guard) _exit(static_cast<int>(Exit::ours));  // it died in between
  _exit(worker());
}

}  // namespace

int run_under_guard(const std::function<int()>& worker,
                    const std::function<bool(int signal)>& again) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t signals, before;
  sigemptyset(&signals);
  for (int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, &before);
  signal(SIGUSR1, SIG_DFL);  // the job script ignores it until there is somebody to hear it
  End end;
  for (bool more = true; more;) {
    end = wait_for(begin(worker, before), signals);
    const bool clean = end_all();
    end.told = end.told || told_meanwhile();
    more = clean && end.killed != 0 && !end.told && again && again(end.killed);
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return end.code;
}

}  // namespace pcluster
