// The end of a workload, and who goes first: what waits at workers is in nobody's way.
// PCLUSTER_SIMULATOR_FIGURES=1 prints the figures, of more seeds.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

#include "tests/simulator/field.hpp"
#include "tests/simulator/lengths.hpp"

using namespace pcluster;

namespace {

bool figures() { return std::getenv("PCLUSTER_SIMULATOR_FIGURES") != nullptr; }

struct Tail {
  double ours = 0, best = 0;  // makespan / lower bound, on average
};

// `best`: of a queue that is asked without messages, and knows no lengths either.
Tail tail(double sigma, std::uint32_t tasks_per_slot) {
  const std::uint64_t seeds = figures() ? 20 : 3;
  Tail sum;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto lengths = sim::Lengths::log_normal(second, sigma, seed);
    sim::FieldPlan plan;
    plan.workers = plan.slots = 16;
    plan.seed = seed;
    const std::uint32_t slots = 256, tasks = slots * tasks_per_slot;
    plan.work.push_back({tasks, lengths});
    const auto out = sim::Field(plan).run();
    CHECK(out.wrong == "");
    const auto bound = sim::lower_bound_of(lengths, tasks, slots);
    sum.ours += static_cast<double>(out.makespan) / bound / static_cast<double>(seeds);
    sum.best += sim::without_messages(lengths, tasks, slots) / bound / static_cast<double>(seeds);
  }
  if (figures())
    fmt::print("sigma {}, {:>3} tasks per slot: makespan / bound {:.4f}, without messages {:.4f}\n",
               sigma, tasks_per_slot, sum.ours, sum.best);
  return sum;
}

// A flood of short tasks fills 4 workers of 4 slots, and 20 s later this comes.
sim::FieldOutcome after_flood(sim::FieldWork other) {
  sim::FieldPlan plan;
  plan.workers = plan.slots = 4;
  plan.check_every = 1;
  other.at = 20 * second;
  plan.work = {{1500, sim::Lengths::around(second, 10, 1)}, std::move(other)};
  auto out = sim::Field(plan).run();
  CHECK(out.wrong == "");
  if (figures())
    fmt::print("priority {}, {} ranks: begins after {:.3f} s, all done {:.3f} s after it came\n",
               plan.work[1].priority, plan.work[1].ranks,
               static_cast<double>(out.first_start[1]) / 1e6,
               static_cast<double>(out.last_end[1]) / 1e6);
  return out;
}

}  // namespace

TEST_CASE("the end of a workload is spread over all slots") {
  const auto some = tail(0.5, 100);
  CHECK(some.ours <= 1.05);
  CHECK(some.ours <= 1.015 * some.best);
  const auto wide = tail(1.0, 100);  // one long task that begins late is above the bound by itself
  CHECK(wide.ours <= 1.015 * wide.best);
}

TEST_CASE("tasks that were short and are long now do not wait at one worker") {
  sim::FieldPlan plan;
  plan.workers = 8;
  plan.slots = 4;
  plan.check_every = 20;
  // As many long ones as there are slots, at the end: each has one, or two share a slot.
  const std::uint32_t tasks = 32 * 50;
  const auto wall = [](std::uint32_t index) {
    return index < tasks - 32 ? 20 * millisecond : 20 * second;
  };
  plan.work.push_back({tasks, wall});
  const auto out = sim::Field(plan).run();
  CHECK(out.wrong == "");
  CHECK(out.makespan <= 24 * second);
  CHECK(out.retracts > 0);
}

TEST_CASE("more priority goes before what waits at workers") {
  const auto out = after_flood({8, sim::Lengths::around(second, 10, 2), 0, 1, 0, 0});
  CHECK(out.first_start[1] <= 1300 * millisecond);
  CHECK(out.last_end[1] <= 3500 * millisecond);
}

TEST_CASE("a gang gets its workers although short tasks wait there") {
  const auto out = after_flood({1, sim::Lengths::around(second, 10, 2), 0, 1, 0, 8});
  CHECK(out.first_start[1] <= 2500 * millisecond);
}
