// A cluster in simulated time (tests/simulator/field.hpp): one run, one JSON object.
//   scale_bench WORKERS SLOTS ROUNDS WALL_US PERCENT          tasks of WALL, more or less
//   scale_bench WORKERS SLOTS ROUNDS WALL_US sigma=S [SEED]   log-normal ones
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "tests/simulator/field.hpp"
#include "tests/simulator/lengths.hpp"

using namespace pcluster;

int main(int argc, char** argv) {
  if (argc < 6) {
    fmt::print(stderr, "usage: scale_bench WORKERS SLOTS ROUNDS WALL_US PERCENT|sigma=S [SEED]\n");
    return 2;
  }
  const auto number = [&](int i) { return std::strtoul(argv[i], nullptr, 10); };
  const auto seed = argc > 6 ? number(6) : 1;
  const std::string shape = argv[5];
  const auto wall = static_cast<Micros>(number(4));
  const auto lengths = shape.starts_with("sigma=")
                           ? sim::Lengths::log_normal(
                                 wall, std::strtod(argv[5] + std::strlen("sigma="), nullptr), seed)
                           : sim::Lengths::around(wall, std::atoi(argv[5]), seed);
  sim::FieldPlan plan;
  plan.workers = static_cast<std::uint32_t>(number(1));
  plan.slots = static_cast<std::uint32_t>(number(2));
  plan.seed = seed;
  const auto slots = plan.workers * plan.slots;
  const auto tasks = slots * static_cast<std::uint32_t>(number(3));
  plan.work.push_back({tasks, lengths});
  const auto begin = std::clock();
  const auto out = sim::Field(plan).run();
  const auto cpu = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const auto makespan = static_cast<double>(out.makespan);
  fmt::print(
      "{{\"wrong\": \"{}\", \"tasks\": {}, \"utilisation\": {:.4f}, \"utilisation_whole\": {:.4f}, "
      "\"messages_per_task\": {:.4f}, \"retracts\": {}, \"core_us_per_task\": {:.3f}, "
      "\"core_events\": {}, \"makespan_s\": {:.3f}, \"tail\": {:.4f}, \"tail_best\": {:.4f}, "
      "\"cpu_s\": {:.2f}}}\n",
      out.wrong, out.tasks, out.busy, out.busy_all, 1.0 * static_cast<double>(out.messages) / tasks,
      out.retracts, out.core_seconds * 1e6 / tasks, out.core_events, makespan / 1e6,
      makespan / sim::lower_bound_of(lengths, tasks, slots),
      sim::without_messages(lengths, tasks, slots) / sim::lower_bound_of(lengths, tasks, slots),
      cpu);
  return out.wrong.empty() ? 0 : 1;
}
