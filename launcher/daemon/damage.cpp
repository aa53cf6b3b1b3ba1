// Compares the results tables with the journal that they were made from.
// SPDX-License-Identifier: MIT
#include "launcher/daemon/damage.hpp"

#include <fmt/format.h>

#include <map>

#include "launcher/base/error.hpp"
#include "launcher/io/result_rows.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

constexpr std::uint32_t most_named = 100;  // ranges of tasks, by workload

struct Known {
  std::vector<bool> settled;  // by index
  bool cancelled = false;

  bool has(std::uint32_t index) const { return index < settled.size() && settled[index]; }
  void add(std::uint32_t index) {
    if (index >= settled.size()) settled.resize(std::size_t{index} + 1);
    settled[index] = true;
  }
};
using Journalled = std::map<WorkloadId, Known>;

Journalled read(const StateDirectory& directory) {
  Journalled all;
  replay_journal(directory.journal(), [&](const Record& record) {
    const auto add = [&](const TaskId& task) {
      if (const auto found = all.find(task.workload); found != all.end())
        found->second.add(task.index);
    };
    if (const auto* added = std::get_if<WorkloadAdded>(&record)) all[added->workload];
    if (const auto* settled = std::get_if<TaskSettled>(&record)) add(settled->result.attempt.task);
    if (const auto* lost = std::get_if<TaskLost>(&record)) add(lost->attempt.task);
    const auto* cancelled = std::get_if<WorkloadCancelled>(&record);
    if (cancelled != nullptr && cancelled->only.empty()) all[cancelled->workload].cancelled = true;
  });
  return all;
}

// "7.3, 7.8-11": tasks with a row, and without the record that it was made from.
std::string run_again(const StateDirectory& directory, WorkloadId id, const Known& known) {
  ResultRows rows(directory, id);
  std::string text;
  std::uint32_t named = 0;
  const auto is_lost = [&](std::uint32_t index) { return rows.state(index) && !known.has(index); };
  for (std::uint32_t index = 0; index < rows.end(); ++index) {
    if (!is_lost(index)) continue;
    if (++named > most_named) return text + ", and more";
    const auto first = index;
    while (index + 1 < rows.end() && is_lost(index + 1)) ++index;
    text += (text.empty() ? "" : ", ") + to_string(TaskId{id, first});
    if (index > first) text += fmt::format("-{}", index);
  }
  return text;
}

}  // namespace

std::vector<std::string> lost_work(const StateDirectory& directory) {
  std::vector<std::string> lines;
  const auto all = read(directory);
  for (const auto id : workloads_on_disk(directory)) {
    const auto known = all.find(id);
    if (known == all.end()) {
      lines.push_back(
          fmt::format("workload {} is lost, but for its results: what of it is not in "
                      "`pcluster results {}` must be given again",
                      to_string(id), to_string(id)));
    } else if (!known->second.cancelled) {
      const auto tasks = run_again(directory, id, known->second);
      if (!tasks.empty())
        lines.push_back(fmt::format("tasks had finished and run again: {}", tasks));
    }
  }
  return lines;
}

std::vector<WorkerId> workers_on_disk(const StateDirectory& directory) {
  std::vector<WorkerId> ids;
  for (const auto& name : list_directory(directory.spool()))
    if (const auto id = parse_worker_id(name.substr(0, name.find('.')))) ids.push_back(*id);
  return ids;
}

}  // namespace pcluster
