// Joins spec, results and running tasks into rows.
// SPDX-License-Identifier: MIT
#include "launcher/cli/task_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "launcher/base/text.hpp"
#include "launcher/cli/table.hpp"
#include "launcher/io/file.hpp"
#include "launcher/model/expand.hpp"
#include "launcher/model/packed_lines.hpp"

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

std::vector<Column> fixed_columns(const TaskView& task) {
  std::vector<Column> columns{{"task"}};
  if (task.values.empty()) columns.push_back({"trial"});
  for (const auto& [name, value] : task.values) columns.push_back({name});
  const Column rest[] = {{"state"},      {"exit", true}, {"host"},          {"worker"},
                         {"wall", true}, {"cpu", true},  {"max rss", true}, {"attempt", true}};
  columns.insert(columns.end(), std::begin(rest), std::end(rest));
  return columns;
}

// What the table for people is like, learnt from all its tasks.
class Layout {
 public:
  explicit Layout(const TaskWalk& walk) {
    walk([&](const TaskView& task) { learn(task); });
    if (!printer_) begin({});
    if (messages_) printer_->add({"message"});
  }
  std::string heading() const { return printer_->heading(); }
  std::string line(const TaskView& task) const {
    auto cells = fixed_cells(task);
    cells.resize(columns_ + (messages_ ? 1 : 0));
    for (const auto& [name, value] : result_columns(task.result.columns))
      if (const auto place = own_.find(name); place != own_.end()) cells[place->second] = value;
    if (messages_) cells.back() = task.result.message;
    return printer_->line(cells);
  }

 private:
  void begin(const TaskView& task) {
    auto columns = fixed_columns(task);
    columns_ = columns.size();
    printer_.emplace(std::move(columns));
  }
  void learn(const TaskView& task) {
    if (!printer_) begin(task);
    messages_ = messages_ || !task.result.message.empty();
    const auto cells = fixed_cells(task);
    for (std::size_t i = 0; i < cells.size(); ++i) printer_->measure(i, cells[i]);
    for (const auto& [name, value] : result_columns(task.result.columns)) {
      const auto [place, is_new] = own_.emplace(name, columns_);
      if (is_new) printer_->add({name, true}), ++columns_;
      printer_->measure(place->second, value);
    }
  }

  std::optional<RowPrinter> printer_;
  std::size_t columns_ = 0;                 // but for the messages, which come last
  std::map<std::string, std::size_t> own_;  // the tasks' own columns, in order of appearance
  bool messages_ = false;
};

}  // namespace

TaskViews::TaskViews(WorkloadId id, const WorkloadSpec& spec, TrialAt trial_at,
                     const RunningTasks& running, TaskState waiting)
    : id_(id),
      columns_(spec.task.columns),
      trial_at_(std::move(trial_at)),
      waiting_(waiting),
      // A workload whose one column is `trial` calls it that, and nothing else.
      named_(columns_.size() != 1 || columns_.front() != "trial") {
  for (std::size_t i = 0; i < running.attempts.size(); ++i) {
    const auto& attempt = running.attempts[i];
    if (attempt.task.workload != id) continue;
    Running one{attempt, {}};
    if (i < running.workers.size()) one.worker = running.workers[i];
    running_.insert_or_assign(attempt.task.index, one);
  }
}

TaskView TaskViews::view(std::uint32_t index, const ResultRow* row) const {
  TaskView view;
  view.id = {id_, index};
  view.state = waiting_;
  const auto trial = trial_at_(index);
  const TrialText text(columns_, trial, index);
  view.trial = text.whole();
  for (std::size_t c = 0; named_ && c < columns_.size(); ++c)
    view.values.emplace_back(columns_[c], text.values()[c]);
  if (row != nullptr) {
    view.state = row->result.state;
    view.result = row->result;
    view.ran = row->result.start_unix > 0;
    view.host = row->host;
    if (!row->host.empty()) view.worker = row->worker;
  } else if (const auto found = running_.find(index); found != running_.end()) {
    view.state = TaskState::running;
    view.result.attempt = found->second.attempt;
    view.worker = found->second.worker;
  }
  return view;
}

std::vector<TaskView> task_views(WorkloadId id, const WorkloadOnDisk& disk, const Trials& trials,
                                 const RunningTasks& running, TaskState waiting) {
  const TaskViews all(
      id, disk.spec, [&](std::uint32_t i) { return trial_value(trials, i); }, running, waiting);
  std::vector<TaskView> views;
  auto row = disk.rows.begin();
  for (std::uint32_t i = 0; i < task_count(disk.spec.trials); ++i) {
    while (row != disk.rows.end() && row->first < i) ++row;
    const bool settled = row != disk.rows.end() && row->first == i;
    views.push_back(all.view(i, settled ? &row->second : nullptr));
  }
  return views;
}

Progress progress_of(WorkloadId id, std::uint32_t tasks, const SettledCounts& settled,
                     TaskState waiting) {
  Progress progress;
  progress.workload = id;
  progress.tasks = tasks;
  progress.done = settled.done;
  progress.failed = settled.failed;
  progress.cancelled = settled.cancelled;
  const auto missing = tasks - std::min(tasks, settled.all());
  (waiting == TaskState::cancelled ? progress.cancelled : progress.queued) += missing;
  progress.finished = progress.queued == 0;
  return progress;
}

void tasks_table(const TaskWalk& walk, const TextSink& write) {
  const Layout layout(walk);
  write(layout.heading());
  walk([&](const TaskView& task) { write(layout.line(task)); });
}

Trials load_trials(const Trials& trials, const StateDirectory& state) {
  const auto* file = std::get_if<TrialFile>(&trials);
  if (file == nullptr) return trials;
  return lines(read_file(state.inputs() + "/" + file->name));
}

TrialAt trial_reader(const Trials& trials, const StateDirectory& state) {
  const auto* file = std::get_if<TrialFile>(&trials);
  if (file == nullptr) return [&](std::uint32_t index) { return trial_value(trials, index); };
  const auto packed = std::make_shared<PackedLines>(read_file(state.inputs() + "/" + file->name));
  return [packed](std::uint32_t index) { return std::string((*packed)[index]); };
}

}  // namespace pcluster
