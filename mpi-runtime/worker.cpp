// The worker process: the agent with its hands.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/worker.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/key.hpp"
#include "mpi-runtime/guard.hpp"
#include "mpi-runtime/lives.hpp"
#include "mpi-runtime/worker_loop.hpp"

extern char** environ;

namespace pcluster {
namespace {

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

// A directory of this worker alone; node-local, because tasks' results and scratch lie there.
std::string make_local_directory(const WorkerOptions& options) {
  std::string problems;
  for (const auto& base : {options.local_directory, variable("TMPDIR"), std::string("/tmp")}) {
    if (base.empty()) continue;
    std::string name = base + "/pcluster-" + options.cluster + "-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) return name;
    if (base == options.local_directory)  // said: another one would not do
      throw Error(Exit::ours,
                  fmt::format("cannot use --local-directory {} on {}: {}", base, hostname(),
                              std::strerror(errno)),
                  "name one that every node has, or leave it out for $TMPDIR, else /tmp");
    problems += fmt::format("{}: {}; ", base, std::strerror(errno));
  }
  throw Error(Exit::ours, "no local directory on " + hostname() + ": " + problems,
              "name one that every node has: --local-directory");
}

Micros now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * second + time.tv_nsec / 1000;
}

// What a life has left on this node.
bool remove_scratch(const WorkerFacts& facts) {
  try {
    remove_tree(facts.local_directory);
    remove_tree(memory_directory_of(facts.local_directory));
    return true;
  } catch (const Error& error) {
    fmt::print(stderr, "pcluster worker: {}\n", error.what());
    return false;
  }
}

int live(const WorkerOptions& options, const WorkerFacts& facts, const std::string& incarnation,
         int home) {
  try {
    return WorkerLoop(options, facts, incarnation, [home] { eventfd_write(home, 1); }).run();
  } catch (const Error& error) {
    fmt::print(stderr, "pcluster worker: {}\n  {}\n", error.what(), error.hint());
    return static_cast<int>(error.code());
  }
}

}  // namespace

int run_worker(const WorkerOptions& options) {
  signal(SIGPIPE, SIG_IGN);
  WorkerFacts facts;
  facts.cluster = options.cluster;
  facts.scrub = options.scrub;
  facts.state_directory = options.directory;
  facts.program = options.program;
  facts.local_directory = make_local_directory(options);
  for (char** entry = environ; *entry != nullptr; ++entry) facts.environment.emplace_back(*entry);
  Lives lives(random_token(16));
  const Fd home(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  // The guard removes the directory: it is there also when the worker was killed.
  const int code = run_under_guard(
      [&] { return live(options, facts, lives.incarnation(), home.get()); },
      [&](int signal) {
        eventfd_t times = 0;
        const bool was_home = eventfd_read(home.get(), &times) == 0;
        const bool another = remove_scratch(facts) && lives.another(was_home, now()) &&
                             mkdir(facts.local_directory.c_str(), 0700) == 0;
        fmt::print(stderr, "{} pcluster worker: killed by signal {}; {}\n", show_utc(unix_now()),
                   signal, another ? "another one begins" : "the job ends");
        return another;
      });
  remove_scratch(facts);
  return code;
}

}  // namespace pcluster
