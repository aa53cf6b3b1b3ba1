// The worker process: the agent with its hands.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/worker.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "mpi-runtime/guard.hpp"
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
  // The guard removes the directory: it is there also when the worker was killed.
  int code = run_under_guard([&options, &facts] {
    try {
      return WorkerLoop(options, facts).run();
    } catch (const Error& error) {
      fmt::print(stderr, "pcluster worker: {}\n  {}\n", error.what(), error.hint());
      return static_cast<int>(error.code());
    }
  });
  try {
    remove_tree(facts.local_directory);
    remove_tree(memory_directory_of(facts.local_directory));
  } catch (const Error& error) { fmt::print(stderr, "pcluster worker: {}\n", error.what()); }
  return code;
}

}  // namespace pcluster
