// Joins spec, results and running tasks into rows.
// SPDX-License-Identifier: MIT
#include "launcher/cli/task_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "launcher/base/text.hpp"
#include "launcher/cli/table.hpp"
#include "launcher/io/file.hpp"
#include "launcher/model/expand.hpp"

namespace pcluster {
namespace {

std::string exit_text(const TaskView& task) {
  if (!task.ran) return "-";
  if (task.result.signal == 0) return std::to_string(task.result.exit_code);
  const char* name = sigabbrev_np(task.result.signal);
  return name != nullptr ? fmt::format("SIG{}", name)
                         : fmt::format("signal {}", task.result.signal);
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::vector<std::string> fixed_cells(const TaskView& task) {
  const auto& result = task.result;
  const auto when_ran = [&](const std::string& text) { return task.ran ? text : "-"; };
  std::vector<std::string> cells{to_string(task.id)};
  if (task.values.empty()) cells.push_back(task.trial);
  for (const auto& [name, value] : task.values) cells.push_back(value);
  const std::string rest[] = {std::string(to_string(task.state)),
                              exit_text(task),
                              or_dash(task.host),
                              task.worker ? to_string(*task.worker) : "-",
                              when_ran(show_duration(result.end_unix - result.start_unix)),
                              when_ran(show_duration(result.cpu)),
                              when_ran(show_memory_mb(result.max_rss_kb / 1024)),
                              std::to_string(result.attempt.number)};
  cells.insert(cells.end(), std::begin(rest), std::end(rest));
  return cells;
}

std::vector<Column> fixed_columns(const std::vector<TaskView>& tasks) {
  std::vector<Column> columns{{"task"}};
  if (tasks.empty() || tasks.front().values.empty()) columns.push_back({"trial"});
  if (!tasks.empty())
    for (const auto& [name, value] : tasks.front().values) columns.push_back({name});
  const Column rest[] = {{"state"},      {"exit", true}, {"host"},          {"worker"},
                         {"wall", true}, {"cpu", true},  {"max rss", true}, {"attempt", true}};
  columns.insert(columns.end(), std::begin(rest), std::end(rest));
  return columns;
}

}  // namespace

std::vector<TaskView> task_views(WorkloadId id, const WorkloadOnDisk& disk, const Trials& trials,
                                 const RunningTasks& running, TaskState waiting) {
  std::vector<TaskView> views(task_count(disk.spec.trials));
  for (std::uint32_t i = 0; i < views.size(); ++i) {
    views[i].id = {id, i};
    views[i].state = waiting;
    const auto trial = trial_value(trials, i);
    const auto& columns = disk.spec.task.columns;
    const TrialText text(columns, trial, i);
    views[i].trial = text.whole();
    if (columns.size() == 1 && columns.front() == "trial") continue;  // it is called the trial
    for (std::size_t c = 0; c < columns.size(); ++c)
      views[i].values.emplace_back(columns[c], text.values()[c]);
  }
  for (std::size_t i = 0; i < running.attempts.size(); ++i) {
    const auto& attempt = running.attempts[i];
    if (attempt.task.workload != id || attempt.task.index >= views.size()) continue;
    auto& view = views[attempt.task.index];
    view.state = TaskState::running;
    view.result.attempt = attempt;
    if (i < running.workers.size()) view.worker = running.workers[i];
  }
  for (const auto& [index, row] : disk.rows) {
    if (index >= views.size()) continue;
    auto& view = views[index];
    view.state = row.result.state;
    view.result = row.result;
    view.ran = row.result.start_unix > 0;
    view.host = row.host;
    view.worker.reset();
    if (!row.host.empty()) view.worker = row.worker;
  }
  return views;
}

Progress progress_of(WorkloadId id, const WorkloadOnDisk& disk, TaskState waiting) {
  Progress progress;
  progress.workload = id;
  progress.tasks = task_count(disk.spec.trials);
  for (const auto& [index, row] : disk.rows) {
    switch (row.result.state) {
      case TaskState::done: ++progress.done; break;
      case TaskState::cancelled: ++progress.cancelled; break;
      default: ++progress.failed; break;
    }
  }
  const auto rows = static_cast<std::uint32_t>(disk.rows.size());
  const auto missing = progress.tasks - std::min(progress.tasks, rows);
  (waiting == TaskState::cancelled ? progress.cancelled : progress.queued) += missing;
  progress.finished = progress.queued == 0;
  return progress;
}

std::string tasks_table(const std::vector<TaskView>& tasks) {
  Table table{fixed_columns(tasks), {}};
  const auto fixed = table.columns.size();
  std::map<std::string, std::size_t> places;  // of the tasks' own columns, in order of appearance
  bool messages = false;
  std::vector<std::vector<std::pair<std::string, std::string>>> own;
  for (const auto& task : tasks) {
    own.push_back(result_columns(task.result.columns));
    messages = messages || !task.result.message.empty();
    for (const auto& [name, value] : own.back()) {
      if (!places.emplace(name, fixed + places.size()).second) continue;
      table.columns.push_back({name, true});
    }
  }
  if (messages) table.columns.push_back({"message"});
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    auto row = fixed_cells(tasks[i]);
    row.resize(table.columns.size());
    for (const auto& [name, value] : own[i]) row[places.at(name)] = value;
    if (messages) row.back() = tasks[i].result.message;
    table.rows.push_back(std::move(row));
  }
  return show(table);
}

Trials load_trials(const Trials& trials, const StateDirectory& state) {
  const auto* file = std::get_if<TrialFile>(&trials);
  if (file == nullptr) return trials;
  return lines(read_file(state.inputs() + "/" + file->name));
}

}  // namespace pcluster
