// Histories of a whole cluster, one per seed.  `test_simulator --seeds 17` (or PCLUSTER_SEEDS=17)
// replays one with its trace; `--seeds 1-1000` runs so many.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "launcher/base/text.hpp"
#include "tests/simulator/world.hpp"

using namespace pcluster;

namespace {

struct Seeds {
  std::uint64_t first = 1, last = 1000;
};

Seeds asked_for() {
  std::ifstream file("/proc/self/cmdline");
  const std::string line(std::istreambuf_iterator<char>(file), {});
  const auto words = split(line, '\0');
  const auto flag = std::find(words.begin(), words.end(), "--seeds");
  const char* variable = std::getenv("PCLUSTER_SEEDS");
  std::string text = variable == nullptr ? "" : variable;
  if (flag != words.end() && flag + 1 != words.end()) text = *(flag + 1);
  if (text.empty()) return {};
  const auto ends = split(text, '-');
  const auto first = to_integer(ends.front()).value_or(1);
  const auto last = to_integer(ends.back()).value_or(first);
  return {static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(last)};
}

char current[96];

// An assertion of the agent ends the program: say first which history it was.
void on_abort(int) {
  static_cast<void>(!write(2, current, std::char_traits<char>::length(current)));
  std::_Exit(1);
}

sim::Outcome run(std::uint64_t seed, bool trace) {
  const auto text = fmt::format("\nseed {} fails; replay: test_simulator --seeds {}\n", seed, seed);
  std::copy_n(text.c_str(), std::min(text.size() + 1, sizeof current), current);
  std::signal(SIGABRT, on_abort);
  return sim::World(seed, trace).run();
}

}  // namespace

TEST_CASE("every history ends well, whatever fails in it") {
  const auto seeds = asked_for();
  std::size_t starts = 0, tasks = 0, launchers = 0, workers = 0, messages = 0, gangs = 0;
  for (auto seed = seeds.first; seed <= seeds.last; ++seed) {
    const auto outcome = run(seed, seeds.first == seeds.last);
    if (!outcome.wrong.empty())
      FAIL("seed " << seed << ": " << outcome.wrong
                   << "\n  replay with its trace: test_simulator --seeds " << seed);
    tasks += outcome.tasks;
    starts += outcome.starts;
    launchers += outcome.launchers;
    workers += outcome.workers;
    messages += outcome.messages;
    gangs += outcome.gangs;
  }
  if (std::getenv("PCLUSTER_SIMULATOR_FIGURES") != nullptr)
    MESSAGE((seeds.last - seeds.first + 1)
            << " seeds: " << tasks << " tasks settled, " << starts << " starts, " << gangs
            << " gangs, " << launchers << " launchers, " << workers << " workers, " << messages
            << " messages");
  CHECK(tasks > 0);
}

// Out of 100,000; what each of them found is in CHANGELOG.md.
TEST_CASE("histories that failed once end well") {
  for (const std::uint64_t seed :
       {1324u, 1877u, 2761u, 6373u, 8794u, 10689u, 13391u, 23284u, 25266u, 44389u})
    CHECK_MESSAGE(run(seed, false).wrong == "", "seed " << seed);
}

// Calm, and a flood of small tasks that was there before the gangs and goes on behind them.
TEST_CASE("gangs run soon though a flood of small tasks could fill every slot for ever") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    sim::Plan plan;
    plan.gangs = true;
    plan.jobs = 3;
    plan.nodes = 2;
    plan.slots = 4;
    plan.faults_end = second;
    sim::PlannedWork flood, wide;
    flood.spec.verb = wide.spec.verb = "map";
    flood.spec.task.argv = {"run", "1", "{trial}", "{index}"};
    flood.spec.trials = TrialRange{1, 3000, 1};
    flood.shortest = 500 * millisecond;
    flood.longest = 4 * second;
    wide = flood;
    wide.spec.task.argv[1] = "2";
    wide.spec.task.ranks = 8 + static_cast<std::uint32_t>(seed);
    wide.spec.trials = TrialRange{1, 1, 1};
    wide.spec.priority = 1;
    wide.at = 60 * second;
    plan.work = {flood, wide};
    const auto outcome = sim::World(seed, false, plan).run();
    CHECK(outcome.wrong == "");
    CHECK(outcome.gangs == 1);
    CHECK(outcome.waits.at(1) < flood.longest + second);
  }
}

TEST_CASE("the same seed is the same history") {
  for (const std::uint64_t seed : {4u, 5u, 6u}) {
    const auto one = run(seed, false), two = run(seed, false), other = run(seed + 5, false);
    CHECK(one.hash == two.hash);
    CHECK(one.hash != other.hash);
  }
}
