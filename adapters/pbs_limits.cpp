// Queues of PBS and Torque, and what they allow: `qstat -Q -f`, then `qstat -B -f`.  Pure.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "adapters/pbs.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::pbs_text {
namespace {

bool says_yes(std::string_view text) {
  return holds(text, "true") || holds(text, "yes") || text == "1";
}

std::uint32_t number(std::string_view text) {
  return static_cast<std::uint32_t>(std::clamp(to_integer(text).value_or(0), 0LL, 0x7fffffffLL));
}

template <class Number>
void cap(Number& most, Number limit) {  // 0 = none
  if (limit > 0 && (most == 0 || limit < most)) most = limit;
}

// "[o:PBS_ALL=20],[u:PBS_GENERIC=10]": what any one user may have, and all of them together.
std::uint32_t of_a_user(std::string_view text) {
  std::uint32_t most = 0;
  for (const auto& part : split(text, ',')) {
    const auto equals = part.find('=');
    const bool ours = holds(part, "[u:PBS_GENERIC=") || holds(part, "[o:PBS_ALL=");
    if (ours && part.ends_with(']'))
      cap(most, number(std::string_view(part).substr(equals + 1, part.size() - equals - 2)));
  }
  return most;
}

// Of one job; with one node per job, of a node.
void cap_all(PartitionLimits& limits, const Record& record) {
  cap(limits.max_jobs, of_a_user(record["max_queued"]));
  cap(limits.max_running, of_a_user(record["max_run"]));
  cap(limits.max_running, number(record["max_user_run"]));
  cap(limits.max_array, number(record["max_array_size"]));
  cap(limits.max_cores, number(record["resources_max.ncpus"]));
  cap(limits.max_memory_mb, size_mb(record["resources_max.mem"]));
  cap(limits.max_time, clock_time(record["resources_max.walltime"]));
}

PartitionLimits queue_of(const Record& record) {
  PartitionLimits limits;
  limits.name = record.id;
  limits.up = says_yes(record["enabled"]) && says_yes(record["started"]);
  limits.nodes = number(record["resources_max.nodect"]);
  limits.routes_to = record["route_destinations"];
  cap_all(limits, record);
  return limits;
}

// A route queue hands a job on to one of others: it allows what the widest of them does.
void cap_route(PartitionLimits& route, const std::vector<PartitionLimits>& all) {
  PartitionLimits widest;
  bool first = true;
  for (const auto& name : split(route.routes_to, ',')) {
    const auto found = std::ranges::find(all, std::string(trim(name)), &PartitionLimits::name);
    if (found == all.end()) return;  // on another server
    const auto widen = [&](auto& most, auto limit) {
      most = first ? limit : most == 0 || limit == 0 ? 0 : std::max(most, limit);
    };
    widen(widest.max_cores, found->max_cores);
    widen(widest.max_memory_mb, found->max_memory_mb);
    widen(widest.max_time, found->max_time);
    first = false;
  }
  cap(route.max_cores, widest.max_cores);
  cap(route.max_memory_mb, widest.max_memory_mb);
  cap(route.max_time, widest.max_time);
}

}  // namespace

std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult& result) {
  if (result.exit_code != 0 || result.timed_out) return {};
  std::vector<PartitionLimits> all;
  const auto said = records(result.out);
  for (const auto& record : said)
    if (record.kind == "Queue") all.push_back(queue_of(record));
  if (all.empty()) return {};  // no server is without a queue
  for (const auto& record : said) {
    if (record.kind != "Server") continue;
    for (auto& queue : all) {
      queue.is_default = queue.name == record["default_queue"];
      cap_all(queue, record);
    }
  }
  for (auto& queue : all)
    if (!queue.routes_to.empty()) cap_route(queue, all);
  return all;
}

}  // namespace pcluster::pbs_text
