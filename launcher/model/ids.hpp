// Names of things: strong ids and their written forms (`7`, `7.123`, `7.123#2`, `w3`).
// SPDX-License-Identifier: MIT
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pcluster {

enum class WorkloadId : std::uint32_t {};
enum class WorkerId : std::uint32_t {};  // never used again within a cluster
enum class PoolId : std::uint32_t {};
using Epoch = std::uint32_t;  // counts the starts of a cluster's launcher; 1 is the first

struct TaskId {
  WorkloadId workload{};
  std::uint32_t index = 0;  // 0-based position in the workload
  auto operator<=>(const TaskId&) const = default;
};

// One assignment.  (epoch, number) fences: a report that does not carry the pair that the
// launcher last gave out for this task does not count.
struct AttemptId {
  TaskId task;
  std::uint32_t number = 0;  // 1 for the first run, across epochs
  Epoch epoch = 0;
  auto operator<=>(const AttemptId&) const = default;
};

std::string to_string(WorkloadId);
std::string to_string(WorkerId);
std::string to_string(const TaskId&);
std::string to_string(const AttemptId&);

struct TaskRef {  // what a person may write: `7` or `7.123`
  WorkloadId workload{};
  std::optional<std::uint32_t> index;
};
std::optional<TaskRef> parse_task_ref(std::string_view text);
std::optional<WorkerId> parse_worker_id(std::string_view text);
bool valid_cluster_name(std::string_view name);  // [A-Za-z0-9_-]{1,32}

}  // namespace pcluster
