// Many workers: no slot waits for a message, messages are few, and the core's CPU for a task does
// not grow with their number.  PCLUSTER_SIMULATOR_FIGURES=1 prints the figures; the full size:
// python3 bench/rows/scale.py.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

#include "tests/simulator/field.hpp"
#include "tests/simulator/lengths.hpp"

using namespace pcluster;

namespace {

struct Figures {
  double messages = 0, cpu_us = 0, busy = 0;
};

// They tell of their results as seldom as so many workers would.
constexpr std::uint32_t as_among = 4096;

Figures run(std::uint32_t workers, std::uint32_t rounds, Micros wall) {
  sim::FieldPlan plan;
  plan.workers = workers;
  plan.slots = 16;
  plan.policy.report_share *= as_among / workers;
  const auto tasks = workers * plan.slots * rounds;
  plan.work.push_back({tasks, sim::Lengths::around(wall, 2, 1)});
  const auto out = sim::Field(plan).run();
  CHECK(out.wrong == "");
  CHECK(out.tasks == tasks);
  const Figures figures{static_cast<double>(out.messages) / tasks, out.core_seconds * 1e6 / tasks,
                        out.busy};
  if (std::getenv("PCLUSTER_SIMULATOR_FIGURES") != nullptr)
    fmt::print(
        "{:>5} workers, {:>6} ms, {:>3} rounds: busy {:.4f}, {:.3f} messages and {:.2f} us of "
        "the core per task\n",
        workers, static_cast<double>(wall) / 1000, rounds, figures.busy, figures.messages,
        figures.cpu_us);
  return figures;
}

}  // namespace

TEST_CASE("slots are busy with tasks of 1 s, for a message in seven tasks") {
  const auto figures = run(256, 20, second);
  CHECK(figures.busy >= 0.97);
  CHECK(figures.messages <= 0.15);
}

TEST_CASE("the shorter tasks are, the more of them go in a message") {
  const auto a = run(8, 400, 100 * millisecond);
  CHECK(a.busy >= 0.97);
  CHECK(a.messages <= 0.06);
  const auto b = run(8, 400, 10 * millisecond);
  CHECK(b.busy >= 0.90);
  CHECK(b.messages <= 0.04);
  const auto c = run(8, 1000, millisecond);
  CHECK(c.messages <= 0.04);
}

TEST_CASE("the core's CPU for a task does not grow with the number of workers") {
  const auto few = run(32, 40, second), many = run(1024, 5, second);
  CHECK(many.cpu_us <= 6 * few.cpu_us);  // caches make it about 2
}
