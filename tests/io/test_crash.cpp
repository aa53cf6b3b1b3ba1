// The machine dies at any moment: what was acknowledged is there again, and the launcher starts.
// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <thread>

#include "launcher/io/journal.hpp"
#include "launcher/io/store.hpp"
#include "tests/io/crashes.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

Record gone(std::uint32_t number) {
  return WorkerGone{WorkerId{number}, std::string(number % 40, 'r')};
}

std::vector<std::uint32_t> numbers_in(const std::string& directory, Epoch& last) {
  std::vector<std::uint32_t> numbers;
  const auto report = replay_journal(directory, [&](const Record& record) {
    if (const auto* one = std::get_if<WorkerGone>(&record))
      numbers.push_back(static_cast<std::uint32_t>(one->worker));
  });
  last = report.last_epoch;
  return numbers;
}

// One launcher after the other on one directory, each ended by a crash of its machine.
struct Lives {
  explicit Lives(std::uint64_t seed) : disk(seed) { disk.failing = seed % 3 == 0 ? 0.3 : 0; }

  Scratch scratch;
  CrashDisk disk;
  std::vector<std::uint32_t> acknowledged;  // in order
  std::uint32_t next = 0;
  Epoch last = 0;

  void live() {
    std::vector<std::uint32_t> waiting;
    {
      Journal journal(scratch.path, last + 1, disk.functions());
      for (auto turns = disk.below(7); turns > 0; --turns) {
        for (auto records = 1 + disk.below(5); records > 0; --records) {
          journal.add(gone(next));
          waiting.push_back(next++);
        }
        if (!journal.flush().empty()) continue;
        acknowledged.insert(acknowledged.end(), waiting.begin(), waiting.end());
        waiting.clear();
      }
    }
    disk.crash();
    const auto found = numbers_in(scratch.path, last);
    REQUIRE(std::is_sorted(found.begin(), found.end()));
    REQUIRE(std::adjacent_find(found.begin(), found.end()) == found.end());
    REQUIRE(std::includes(found.begin(), found.end(), acknowledged.begin(), acknowledged.end()));
    acknowledged = found;  // what is there now has been on the disk
  }
};

WorkloadAdded added() {
  WorkloadSpec spec;
  spec.verb = "map";
  spec.task.argv = {"true"};
  spec.trials = TrialRange{0, 99, 1};
  return {WorkloadId{7}, spec, 1234};
}

Record settled(std::uint32_t index) {
  TaskResult result;
  result.attempt = {{WorkloadId{7}, index}, 1, 1};
  result.state = TaskState::done;
  result.end_unix = 2'000'000 + index;
  if (index % 2 == 1) result.columns = "{\"rate\":" + std::to_string(index) + "}";
  return TaskSettled{result, WorkerId{0}};
}

}  // namespace

TEST_CASE("10,000 crashes of the machine: what was acknowledged is recovered, in order, once") {
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    CAPTURE(seed);
    Lives lives(seed);
    for (int i = 0; i < 2; ++i) lives.live();
  }
}

TEST_CASE("the same of the store: results tables that were never synced are whole again") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const Scratch scratch;
    CrashDisk disk(seed);
    Loop loop;
    std::uint64_t durable = 0;
    {
      Store store(
          loop, {scratch.path}, 1, [&](std::uint64_t number) { durable = number; },
          [](const std::string&) {}, disk.functions());
      store.append({added()});
      const auto count = static_cast<std::uint32_t>(1 + seed % 30);
      for (std::uint32_t i = 0; i < count; ++i) store.append({settled(i)});
      REQUIRE(run_until(loop, [&] { return durable == count + 1; }));
    }
    disk.crash();
    {
      Store store(
          loop, {scratch.path}, 2, [](std::uint64_t) {}, [](const std::string&) {});
      store.recall();
    }
    const auto rows = read_workload({scratch.path}, WorkloadId{7}).rows;
    REQUIRE(rows.size() == durable - 1);
    for (const auto& [index, row] : rows) {
      const auto record = settled(index);
      const auto& wanted = std::get<TaskSettled>(record).result;
      REQUIRE(row.result.end_unix == wanted.end_unix);
      REQUIRE(row.result.columns == wanted.columns);
    }
  }
}
