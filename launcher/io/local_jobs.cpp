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
#include "launcher/io/local_processes.hpp"

namespace pcluster {
namespace {

constexpr int most_jobs = 4096;
constexpr int kill_after_ms = 5000, look_every_ms = 100;

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
  std::string name, index, output, within;
  std::string id_of(const Process& job) const {
    return within.empty() ? job.id() : fmt::format("{}+{}", within, job.pid);
  }
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
  setenv(job_id_name, self ? start.id_of(*self).c_str() : "", 1);
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

// Its nodes are shared out once: a second set of workers would take the same cores.
void check_free(const std::string& allocation, int count) {
  for (const auto& process : own_processes())
    if (const auto id = job_led_by(process); id.starts_with(allocation + "+"))
      throw Error(Exit::refused,
                  fmt::format("allocation {} has workers already: job {}, {}", allocation, id,
                              variable(process, job_name_name)),
                  "they have all of it; to start others there, end them first: pcluster stop");
  if (count > 1)
    throw Error(Exit::refused, fmt::format("allocation {} is one job, not {}", allocation, count),
                "more nodes take another allocation, or a submit without --here");
}

struct Wanted {
  std::string name, within, path;
  int count = 1;
};

int submit(const Wanted& wanted) {
  const auto& [name, within, path, count] = wanted;
  if (!within.empty()) check_free(within, count);
  const auto script = find_script(path);
  std::vector<Process> started;
  std::vector<std::string> ids;
  try {
    for (int i = 0; i < count; ++i) {
      const auto output =
          count == 1 ? script.outputs + ".out" : fmt::format("{}-{}.out", script.outputs, i);
      const Start start{script, name, std::to_string(i), output, within};
      started.push_back(start_job(start));
      ids.push_back(start.id_of(started.back()));
    }
  } catch (const Error&) {
    for (const auto& job : started) kill(-job.pid, SIGKILL);  // all of them or none
    throw;
  }
  for (const auto& id : ids) std::cout << id << "\n";
  std::cout.flush();
  return 0;
}

// ---- status, cancel

int status(std::vector<std::string> names) {
  const auto then = std::ranges::find(names, "--then");
  std::vector<char*> next;
  for (auto word = then; word != names.end(); ++word)
    if (word != then) next.push_back(word->data());
  for (const auto& process : own_processes()) {
    const auto id = job_led_by(process);
    if (id.empty()) continue;
    const auto name = variable(process, job_name_name);
    if (std::find(names.begin(), then, name) != then)
      std::cout << id << "|running|" << name << "|\n";
  }
  std::cout.flush();
  if (next.empty()) return 0;
  next.push_back(nullptr);
  execvp(next.front(), next.data());
  return 127;
}

// Everything that belongs to these jobs: their sessions, and what they started elsewhere.
std::vector<Process> processes_of(const std::vector<std::string>& ids) {
  const auto all = own_processes();
  std::vector<pid_t> sessions;
  for (const auto& process : all)
    if (leads_one_of(ids, process)) sessions.push_back(process.pid);
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
  for (const auto& leader : found) {
    if (!leads_one_of(ids, leader)) continue;
    for (const auto& process : found)  // its session; tasks have their own, the worker ends them
      if (process.session == leader.pid) kill(process.pid, SIGTERM);
  }
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
              "local-jobs submit --count N --name NAME [--within ALLOCATION] SCRIPT | status "
              "NAME... [--then COMMAND...] | cancel ID...");
}

}  // namespace

int run_local_jobs(const std::vector<std::string>& arguments) {
  if (arguments.empty()) wrong_usage();
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (arguments[0] == "status") return status(rest);
  if (arguments[0] == "cancel") return cancel(rest);
  Wanted wanted;
  if (rest.size() == 7 && rest[4] == "--within") {
    wanted.within = rest[5];
    rest.erase(rest.begin() + 4, rest.begin() + 6);
  }
  const bool complete = rest.size() == 5 && rest[0] == "--count" && rest[2] == "--name";
  const auto count = complete ? to_integer(rest[1]).value_or(0) : 0;
  if (arguments[0] != "submit" || count < 1 || count > most_jobs) wrong_usage();
  wanted.name = rest[3], wanted.path = rest[4];
  wanted.count = static_cast<int>(count);
  return submit(wanted);
}

}  // namespace pcluster
