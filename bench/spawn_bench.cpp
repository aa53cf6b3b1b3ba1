// The spawn engine against a bare posix_spawn loop: N short programs, output captured, sessions of
// their own, nothing left behind.  In pairs, order alternating; prints medians of the paired
// ratios.
//   spawn_bench [ROUNDS] [N] [SLOTS] [session|group] [WORDS...]
// SPDX-License-Identifier: MIT
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bare_loop.hpp"
#include "mpi-runtime/environment.hpp"
#include "mpi-runtime/spawn.hpp"

extern char** environ;

namespace {

using namespace pcluster;

struct Work {
  int tasks = 2000, slots = 2;
  bool own_session = true;
  std::vector<std::string> words{"true"};
};

bench::Cost engine(const Work& work) {
  Loop loop;
  WorkerFacts worker;
  worker.cluster = "bench";
  worker.worker = "w0";
  for (char** entry = environ; *entry != nullptr; ++entry) worker.environment.emplace_back(*entry);
  TaskEnvironment environment(worker, {}, WorkloadId{1}, {1, 100, 0});
  std::vector<std::string> results;
  for (int slot = 0; slot < work.slots; ++slot)
    results.push_back("/tmp/pcluster-bench/result." + std::to_string(slot));
  int started = 0, done = 0;
  std::size_t bytes = 0;
  std::function<void(std::uint32_t)> next;
  Spawner spawner(
      loop, static_cast<std::uint32_t>(work.slots),
      [&](std::uint32_t, Stream, std::string_view text) { bytes += text.size(); },
      [&](const Ended& end) {
        if (++done == work.tasks) loop.stop();
        if (started < work.tasks) next(end.slot);
      });
  next = [&](std::uint32_t slot) {
    Program program;
    program.argv = work.words;
    program.own_session = work.own_session;
    auto index = static_cast<std::uint32_t>(started++);
    program.environment =
        environment.fill({{{WorkloadId{1}, index}, 1, 1}, "trial", results[slot], {}});
    program.path = environment.path();
    if (spawner.start(slot, program, "PCLUSTER_RESULT=" + results[slot])) std::exit(1);
  };
  bench::Clock clock;
  for (int slot = 0; slot < work.slots && started < work.tasks; ++slot)
    next(static_cast<std::uint32_t>(slot));
  loop.run();
  return clock.per_task(work.tasks);
}

// Each run in a process of its own: the engine makes its process a subreaper and keeps signals.
template <class Run>
bench::Cost apart(const Run& run) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  pid_t pid = fork();
  if (pid == 0) {
    bench::Cost cost = run();
    _exit(write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1);
  }
  close(ends[1]);
  bench::Cost cost;
  bool whole = read(ends[0], &cost, sizeof cost) == sizeof cost;
  close(ends[0]);
  waitpid(pid, nullptr, 0);
  if (!whole) std::exit(1);
  return cost;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::size_t half = values.size() / 2;
  return values.size() % 2 != 0 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace

int main(int count, char** given) {
  int rounds = count > 1 ? std::atoi(given[1]) : 7;
  Work work;
  if (count > 2) work.tasks = std::atoi(given[2]);
  if (count > 3) work.slots = std::atoi(given[3]);
  if (count > 4) work.own_session = std::string(given[4]) != "group";
  if (count > 5) work.words.assign(given + 5, given + count);
  auto bare = [&] {
    return bench::bare_loop(bench::Call::posix_spawn, work.tasks, work.slots, "/bin/true");
  };
  std::vector<double> cpu, rate, own_cpu, bare_cpu;
  for (int round = 0; round < rounds; ++round) {
    bench::Cost ours, theirs;
    if (round % 2 == 0) theirs = apart(bare);
    ours = apart([&] { return engine(work); });
    if (round % 2 != 0) theirs = apart(bare);
    cpu.push_back(ours.cpu_us / theirs.cpu_us);
    rate.push_back(ours.rate / theirs.rate);
    own_cpu.push_back(ours.cpu_us);
    bare_cpu.push_back(theirs.cpu_us);
  }
  std::printf(
      "{\"bench\":\"spawn\",\"tasks\":%d,\"slots\":%d,\"rounds\":%d,\"cpu_ratio\":%.3f,"
      "\"rate_ratio\":%.3f,\"cpu_us\":%.1f,\"bare_cpu_us\":%.1f}\n",
      work.tasks, work.slots, rounds, median(cpu), median(rate), median(own_cpu), median(bare_cpu));
  return 0;
}
