// Jobs as sessions of this machine.  Nothing is written down: a job is known by its environment,
// and its id holds the leader's start time, so that a pid that is used again is not taken for it.
// SPDX-License-Identifier: MIT
#include "launcher/io/local_jobs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <optional>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/proc_stat.hpp"

namespace pcluster {
namespace {

constexpr const char *job_id_name = "PCLUSTER_JOB_ID", *job_name_name = "PCLUSTER_JOB_NAME";
constexpr int most_jobs = 4096;
constexpr int kill_after_ms = 5000, look_every_ms = 100;

std::string proc_file(const std::string& pid, const char* name) {
  try {
    return read_file_if_there("/proc/" + pid + "/" + name).value_or("");
  } catch (const Error&) {
    return {};  // gone, or not ours to read
  }
}

struct Process {
  pid_t pid = 0, session = 0;
  std::string start_ticks;
  bool zombie = false;
  std::string id() const { return fmt::format("{}.{}", pid, start_ticks); }
};

std::optional<Process> look_at(const std::string& pid) {
  const auto stat = read_proc_stat(pid);
  if (!stat) return {};
  return Process{static_cast<pid_t>(to_integer(pid).value_or(0)), stat->session, stat->start_ticks,
                 stat->dead};
}

std::vector<Process> own_processes() {
  std::vector<Process> all;
  for (const auto& entry : list_directory("/proc")) {
    struct stat info {};
    if (!to_integer(entry) || stat(("/proc/" + entry).c_str(), &info) != 0) continue;
    if (info.st_uid != geteuid()) continue;
    if (auto process = look_at(entry); process && !process->zombie) all.push_back(*process);
  }
  return all;
}

// The value of a variable that the process was started with.
std::string variable(const Process& process, std::string_view name) {
  const auto wanted = std::string(name) + "=";
  for (const auto& entry : split(proc_file(std::to_string(process.pid), "environ"), '\0'))
    if (entry.starts_with(wanted)) return entry.substr(wanted.size());
  return {};
}

// ---- submit

struct Script {
  std::string path, directory, outputs;  // DIR/jobs/TOKEN.sh, DIR, DIR/jobs/TOKEN
  std::vector<std::string> argv;         // its interpreter and itself, as its first line says
};

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

Script find_script(const std::string& path) {
  Script script{path, {}, path, {}};
  if (script.outputs.ends_with(".sh")) script.outputs.resize(path.size() - 3);
  script.directory = parent_of(parent_of(path));
  if (!path.starts_with('/') || script.directory.empty())
    throw Error(Exit::usage, fmt::format("\"{}\" is not DIR/jobs/TOKEN.sh", path),
                "give the script's absolute path");
  const auto text = read_file(path);
  const auto first = text.starts_with("#!") ? lines(text).front().substr(2) : std::string();
  const auto words = trim(first);
  const auto blank = words.find_first_of(" \t");
  script.argv.emplace_back(words.substr(0, blank));
  if (blank != words.npos) script.argv.emplace_back(trim(words.substr(blank)));
  script.argv.push_back(path);
  if (access(script.argv.front().c_str(), X_OK) != 0)
    throw Error(Exit::refused,
                fmt::format("{} asks for the interpreter \"{}\", which is not here", path,
                            script.argv.front()),
                "install it, or give the site a job_template with another first line");
  return script;
}

struct Start {
  Script script;
  std::string name, index, output;
};

// In the child: becomes the job, or leaves the failed step's errno in `report`.
[[noreturn]] void become_job(const Start& start, int report) {
  const auto fail = [&] {
    const int error = errno;
    [[maybe_unused]] const auto written = write(report, &error, sizeof error);
    _exit(127);
  };
  setsid();
  const auto self = look_at(std::to_string(getpid()));
  setenv(job_id_name, self ? self->id().c_str() : "", 1);
  setenv(job_name_name, start.name.c_str(), 1);
  setenv("PCLUSTER_JOB_INDEX", start.index.c_str(), 1);
  const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int output =
      open(start.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (!self || input < 0 || output < 0 || chdir(start.script.directory.c_str()) != 0) fail();
  if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) fail();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int ignored : {SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGCHLD}) signal(ignored, SIG_DFL);
  for (const auto& entry : list_directory("/proc/self/fd"))
    if (const int fd = static_cast<int>(to_integer(entry).value_or(0)); fd > 2)
      fcntl(fd, F_SETFD, FD_CLOEXEC);  // no pipe of ours may live as long as the job
  std::vector<char*> argv;
  for (const auto& word : start.script.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execv(argv.front(), argv.data());
  fail();
  _exit(127);
}

Process start_job(const Start& start) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw Error(Exit::refused, fmt::format("no pipe for a job: {}", std::strerror(errno)),
                "too many open files? see `ulimit -n`");
  Fd report(ends[0]), theirs(ends[1]);
  const pid_t child = fork();
  if (child < 0)
    throw Error(Exit::refused, fmt::format("a job does not start: {}", std::strerror(errno)),
                "too many processes? see `ulimit -u`");
  if (child == 0) become_job(start, theirs.get());
  theirs.reset();
  int error = 0;
  ssize_t got = 0;
  while ((got = read(report.get(), &error, sizeof error)) < 0 && errno == EINTR) continue;
  if (got > 0) {
    waitpid(child, nullptr, 0);
    throw Error(Exit::refused,
                fmt::format("{} does not start: {}", start.script.path, std::strerror(error)),
                "its directory must be writable, and hold no more than the quota allows");
  }
  // Not waited for: even if it has ended already, its start time is still there to be read.
  return look_at(std::to_string(child)).value_or(Process{child, child, "0", true});
}

int submit(const std::string& name, int count, const std::string& path) {
  const auto script = find_script(path);
  std::vector<Process> started;
  try {
    for (int i = 0; i < count; ++i) {
      const auto output =
          count == 1 ? script.outputs + ".out" : fmt::format("{}-{}.out", script.outputs, i);
      started.push_back(start_job({script, name, std::to_string(i), output}));
    }
  } catch (const Error&) {
    for (const auto& job : started) kill(-job.pid, SIGKILL);  // all of them or none
    throw;
  }
  for (const auto& job : started) std::cout << job.id() << "\n";
  std::cout.flush();
  return 0;
}

// ---- status, cancel

int status(const std::vector<std::string>& names) {
  for (const auto& process : own_processes()) {
    if (process.pid != process.session) continue;
    if (variable(process, job_id_name) != process.id()) continue;  // a task, which inherited it
    const auto name = variable(process, job_name_name);
    if (std::ranges::find(names, name) != names.end())
      std::cout << process.id() << "|running|" << name << "|\n";
  }
  std::cout.flush();
  return 0;
}

// Everything that belongs to these jobs: their sessions, and what they started elsewhere.
std::vector<Process> processes_of(const std::vector<std::string>& ids) {
  const auto all = own_processes();
  std::vector<pid_t> sessions;
  for (const auto& process : all)
    if (std::ranges::find(ids, process.id()) != ids.end()) sessions.push_back(process.pid);
  std::vector<Process> found;
  for (const auto& process : all) {
    const bool here = std::ranges::find(sessions, process.session) != sessions.end();
    const bool marked =
        !here && std::ranges::find(ids, variable(process, job_id_name)) != ids.end();
    if ((here || marked) && process.pid != getpid()) found.push_back(process);
  }
  return found;
}

// A process that nobody waits for: it holds none of its parent's files, so that no pipe stays open.
void leave_parent() {
  setsid();
  for (const auto& entry : list_directory("/proc/self/fd"))
    close(static_cast<int>(to_integer(entry).value_or(-1)));
  for (int stream = 0; stream < 3; ++stream) open("/dev/null", O_RDWR);
  if (chdir("/") != 0) return;
}

[[noreturn]] void reap(const std::vector<std::string>& ids) {
  leave_parent();
  for (int waited = 0; waited < kill_after_ms; waited += look_every_ms) {
    if (processes_of(ids).empty()) _exit(0);
    usleep(look_every_ms * 1000);
  }
  for (const auto& process : processes_of(ids)) kill(process.pid, SIGKILL);
  _exit(0);
}

int cancel(const std::vector<std::string>& ids) {
  const auto found = processes_of(ids);
  for (const auto& leader : found)
    for (const auto& process : found)  // its session; tasks have their own, the worker ends them
      if (process.session == leader.pid && std::ranges::find(ids, leader.id()) != ids.end())
        kill(process.pid, SIGTERM);
  if (found.empty()) return 0;
  const pid_t child = fork();
  if (child < 0)
    throw Error(Exit::refused, fmt::format("cannot watch over the end: {}", std::strerror(errno)),
                "too many processes? see `ulimit -u`");
  if (child == 0) reap(ids);
  return 0;
}

[[noreturn]] void wrong_usage() {
  throw Error(Exit::usage, "local-jobs is called by pcluster itself",
              "local-jobs submit --count N --name NAME SCRIPT | status NAME... | cancel ID...");
}

}  // namespace

int run_local_jobs(const std::vector<std::string>& arguments) {
  if (arguments.empty()) wrong_usage();
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (arguments[0] == "status") return status(rest);
  if (arguments[0] == "cancel") return cancel(rest);
  const bool complete = rest.size() == 5 && rest[0] == "--count" && rest[2] == "--name";
  const auto count = complete ? to_integer(rest[1]).value_or(0) : 0;
  if (arguments[0] != "submit" || count < 1 || count > most_jobs) wrong_usage();
  return submit(rest[3], static_cast<int>(count), rest[4]);
}

}  // namespace pcluster
