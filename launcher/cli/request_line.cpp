// The one line that says what a submit asks for.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/cli/resolve.hpp"

namespace pcluster {

std::uint32_t slots_of(const JobSpec& spec) {
  if (spec.slots > 0) return spec.slots;
  return std::max<std::uint32_t>(1, spec.per_node.cores);
}

void note_shared_cores(Plan& plan, const Machine& machine) {
  constexpr std::string_view consequence = "tasks will share cores";
  std::erase_if(plan.notes, [&](const std::string& note) { return note.ends_with(consequence); });
  const std::uint64_t slots = std::uint64_t{plan.jobs} * slots_of(plan.spec);
  if (slots > machine.cores)
    plan.notes.push_back(fmt::format("{} slots on {} core{}: {}", slots, machine.cores,
                                     machine.cores == 1 ? "" : "s", consequence));
}

std::uint32_t workers_of(const Plan& plan) { return plan.jobs * plan.spec.nodes; }

std::string request_line(const Plan& plan) {
  const auto plural = [](std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
  };
  const auto& spec = plan.spec;
  const auto slots = slots_of(spec);
  const auto size = [&](std::uint32_t cores, std::uint64_t memory_mb) {
    auto text = plural(cores, "core");
    if (memory_mb > 0) text += ", " + show_memory_mb(memory_mb);
    return text;
  };
  auto job = plural(spec.nodes, "node") + ", " + size(spec.per_node.cores, spec.per_node.memory_mb);
  if (spec.nodes > 1) job += " each";
  if (spec.time > 0) job += ", " + show_duration(spec.time);
  return fmt::format("{} x ({}) = {} of {}", plural(plan.jobs, "job"), job,
                     plural(std::uint64_t{workers_of(plan)} * slots, "slot"),
                     size(std::max<std::uint32_t>(1, spec.per_node.cores / slots),
                          spec.per_node.memory_mb / slots));
}

}  // namespace pcluster
