// Ids and their written forms.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/model/ids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

std::optional<std::uint32_t> to_number(std::string_view text) {
  const auto value = to_integer(text);
  if (!value || *value < 0 || *value > std::numeric_limits<std::uint32_t>::max()) return {};
  return static_cast<std::uint32_t>(*value);
}

}  // namespace

std::string to_string(WorkloadId id) { return std::to_string(static_cast<std::uint32_t>(id)); }
std::string to_string(WorkerId id) { return fmt::format("w{}", static_cast<std::uint32_t>(id)); }
std::string to_string(const TaskId& id) {
  return fmt::format("{}.{}", static_cast<std::uint32_t>(id.workload), id.index);
}
std::string to_string(const AttemptId& id) {
  return fmt::format("{}#{}", to_string(id.task), id.number);
}

std::optional<TaskRef> parse_task_ref(std::string_view text) {
  const auto dot = text.find('.');
  const auto workload = to_number(text.substr(0, dot));
  if (!workload) return {};
  TaskRef ref{WorkloadId{*workload}, {}};
  if (dot == text.npos) return ref;
  ref.index = to_number(text.substr(dot + 1));
  return ref.index ? std::optional(ref) : std::nullopt;
}

std::optional<WorkerId> parse_worker_id(std::string_view text) {
  if (text.empty() || text.front() != 'w') return {};
  const auto number = to_number(text.substr(1));
  return number ? std::optional(WorkerId{*number}) : std::nullopt;
}

bool valid_cluster_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace pcluster
