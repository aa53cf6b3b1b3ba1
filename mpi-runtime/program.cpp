// Starts one program as the leader of a session or group of its own, at the price of a bare spawn,
// and tells exactly why when it cannot.
//
// The child shares our memory (no page tables copied) and our descriptors (no table copied) until
// it execs, and we stand still until then.  So we set up 0, 1 and 2 before it exists, it makes the
// system calls that only it can make, and what went wrong stands in shared memory.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/program.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "launcher/base/error.hpp"

namespace pcluster {
namespace {

constexpr std::size_t stack_size = 64 * 1024;
constexpr std::string_view default_path = "/usr/local/bin:/usr/bin:/bin";
constexpr rlim_t files_wanted = 8192;  // two pipes per slot, both ends of each

// 0, 1 and 2 must be taken, or a pipe of ours would get their number.
void fill_standard_streams() {
  for (int fd = open("/dev/null", O_RDWR | O_CLOEXEC); fd >= 0; fd = open("/dev/null", O_RDWR)) {
    if (fd <= 2) continue;
    close(fd);
    return;
  }
}

bool has_terminal() {
  static const bool has = static_cast<bool>(Fd(open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)));
  return has;
}

// In a table of the child's own: each as the next number from 3 on.  All of them get out of the way
// of these numbers first.  System calls only.
bool pass(const std::vector<int>& given) {
  constexpr int first = 3;
  const int count = static_cast<int>(given.size());
  int highest = first + count;
  for (const int fd : given) highest = std::max(highest, fd);
  if (unshare(CLONE_FILES) != 0) return false;
  for (int i = 0; i < count; ++i)
    if (dup3(given[static_cast<std::size_t>(i)], highest + 1 + i, O_CLOEXEC) < 0) return false;
  for (int i = 0; i < count; ++i)
    if (dup2(highest + 1 + i, first + i) < 0) return false;
  return true;
}

// The files it wants, as the numbers that follow those.  System calls only.
bool open_descriptors(const Program& program) {
  int wanted = 3 + static_cast<int>(program.passed.size());
  for (const auto& one : program.descriptors) {
    int file = open(one.path.c_str(), one.flags);
    if (file < 0 || (file != wanted && dup2(file, wanted) < 0)) return false;
    if (file != wanted) close(file);
    ++wanted;
  }
  return true;
}

}  // namespace

struct Starter::Outcome {
  volatile StartStep step;
  volatile int error;
};

struct Starter::Order {  // all that the child reads
  const Program* program;
  const char* const* argv;
  const char* candidates;
  const int* defaults;  // signals to reset, 0 at the end
  rlim_t files;
  pid_t parent;
  cpu_set_t cores;
  Outcome* outcome;
  const char* group;  // its file of processes; none = ours
  bool own_session;
};

Starter::Starter() {
  void* shared =
      mmap(nullptr, sizeof(Outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw Error(Exit::ours, "no memory for starting programs");
  outcome_ = static_cast<Outcome*>(shared);
  fill_standard_streams();
  own_out_ = Fd(fcntl(1, F_DUPFD_CLOEXEC, 3));
  own_err_ = Fd(fcntl(2, F_DUPFD_CLOEXEC, 3));
  nothing_ = Fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  dup2(nothing_.get(), 0);
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction now {};
    bool settable = signal != SIGKILL && signal != SIGSTOP;
    if (signal == SIGPIPE ||
        (settable && sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_DFL))
      foreign_handlers_.push_back(signal);
  }
  foreign_handlers_.push_back(0);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files_wanted) {
    files_soft_ = files.rlim_cur;
    files.rlim_cur = std::min(files.rlim_max, files_wanted);
    setrlimit(RLIMIT_NOFILE, &files);
  }
  stack_.resize(stack_size);
}

Starter::~Starter() { munmap(outcome_, sizeof(Outcome)); }

// PATH is searched by the child, after it went to its directory: entries may be relative.
// Mostly it is what was started last.
void Starter::list_candidates(const Program& program) {
  const std::string& command = program.argv.front();
  if (!candidates_.empty() && command == candidates_of_.first &&
      program.path == candidates_of_.second)
    return;
  candidates_of_ = {command, std::string(program.path)};
  candidates_.clear();
  if (command.find('/') != std::string::npos) {
    candidates_.append(command).push_back('\0');
    return;
  }
  std::string_view rest = program.path.empty() ? default_path : program.path;
  for (bool more = true; more;) {
    auto colon = rest.find(':');
    auto entry = rest.substr(0, colon);
    candidates_.append(entry.empty() ? "." : entry).append("/").append(command).push_back('\0');
    more = colon != std::string_view::npos;
    if (more) rest.remove_prefix(colon + 1);
  }
}

// System calls only: this runs on our memory.
void Starter::child(const Order& order) {
  const Program& program = *order.program;
  auto fail = [&order](StartStep step, int error) {
    order.outcome->step = step;
    order.outcome->error = error;
    _exit(127);
  };
  order.own_session ? setsid() : setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != order.parent) _exit(127);
  // Descriptors first: from here on the table is the child's own.  Old kernels lack close_range;
  // then all of ours close at exec.
  if (!program.passed.empty() && !pass(program.passed)) fail(StartStep::descriptor, errno);
  const auto first = 3u + static_cast<unsigned>(program.passed.size());
  if (syscall(SYS_close_range, first, ~0u, 2u /* CLOSE_RANGE_UNSHARE */) != 0) unshare(CLONE_FILES);
  struct sigaction standard {};
  for (const int* signal = order.defaults; *signal != 0; ++signal)
    sigaction(*signal, &standard, nullptr);
  if (order.files != 0) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = order.files;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  if (order.group != nullptr) {  // "0" is whoever writes it
    int procs = open(order.group, O_WRONLY);
    if (procs >= 0 && write(procs, "0", 1) < 0) order.outcome->error = 0;  // who starts it looks
    if (procs >= 0) close(procs);
  }
  if (!program.cores.empty()) sched_setaffinity(0, sizeof order.cores, &order.cores);
  if (!program.directory.empty() && chdir(program.directory.c_str()) != 0)
    fail(StartStep::directory, errno);
  if (!program.output.empty()) {
    int file = open(program.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
    if (file < 0 || dup2(file, 1) < 0 || dup2(file, 2) < 0) fail(StartStep::output, errno);
    close(file);
  }
  if (!open_descriptors(program)) fail(StartStep::descriptor, errno);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  int error = ENOENT;  // EACCES outweighs it, as in shells
  for (const char* file = order.candidates; *file != '\0'; file += strlen(file) + 1) {
    if (access(file, X_OK) != 0) {
      if (errno == EACCES) error = EACCES;
      continue;
    }
    execve(file, const_cast<char**>(order.argv), const_cast<char**>(program.environment));
    if (errno == ENOENT)
      fail(StartStep::interpreter, errno);  // it is there, but what runs it is not
    if (errno != EACCES && errno != ENOTDIR) fail(StartStep::command, errno);
    error = EACCES;
  }
  fail(StartStep::command, error);
  _exit(127);
}

pid_t Starter::clone_child(Order& order) {
#ifdef PCLUSTER_SANITIZE
  // The sanitizers know nothing of a stack of ours: a copy of the memory instead, all else the
  // same.
  long pid = syscall(SYS_clone, CLONE_VFORK | CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) child(order);
  return static_cast<pid_t>(pid);
#else
  auto run = [](void* given) -> int { child(*static_cast<const Order*>(given)); };
  auto top = reinterpret_cast<std::uintptr_t>(stack_.data() + stack_.size()) & ~std::uintptr_t{63};
  return clone(run, reinterpret_cast<void*>(top), CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD,
               &order);
#endif
}

std::variant<pid_t, StartFailure> Starter::start(const Program& program, int out, int err) {
  list_candidates(program);
  argv_.clear();
  for (const auto& word : program.argv) argv_.push_back(word.c_str());
  argv_.push_back(nullptr);
  Order order{&program,
              argv_.data(),
              candidates_.c_str(),
              foreign_handlers_.data(),
              files_soft_,
              getpid(),
              {},
              outcome_,
              nullptr,
              program.own_session || has_terminal()};
  std::string group;
  if (!program.group.empty()) group = program.group + "/cgroup.procs", order.group = group.c_str();
  for (int core : program.cores) CPU_SET(core, &order.cores);
  outcome_->error = 0;
  sigset_t all, before;  // no handler of ours may run in the child
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  if (program.input >= 0) dup2(program.input, 0);
  dup2(out, 1);
  dup2(err, 2);
  pid_t pid = clone_child(order);
  int error = errno;
  if (program.input >= 0) dup2(nothing_.get(), 0);
  dup2(own_out_.get(), 1);
  dup2(own_err_.get(), 2);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return StartFailure{StartStep::process, error};
  if (outcome_->error == 0) return pid;
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
  return StartFailure{outcome_->step, outcome_->error};
}

}  // namespace pcluster
