// A workload's tasks as far as they have come: the table on disk and what runs, side by side.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "launcher/cli/documents.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/io/result_rows.hpp"

namespace pcluster {

using TrialAt = std::function<std::string(std::uint32_t index)>;

// Pure.  A task without a row that does not run is `waiting`: queued, or cancelled once its
// workload has ended.
class TaskViews {
 public:
  TaskViews(WorkloadId, const WorkloadSpec&, TrialAt, const RunningTasks&, TaskState waiting);
  TaskView view(std::uint32_t index, const ResultRow*) const;

 private:
  struct Running {
    AttemptId attempt;
    std::optional<WorkerId> worker;
  };
  WorkloadId id_;
  std::vector<std::string> columns_;
  TrialAt trial_at_;
  TaskState waiting_;
  bool named_;
  std::map<std::uint32_t, Running> running_;
};

// Pure.  All of a few tasks.  `trials` are in hand even when the spec only names a file of them.
std::vector<TaskView> task_views(WorkloadId, const WorkloadOnDisk&, const Trials& trials,
                                 const RunningTasks&, TaskState waiting);
// Pure.  The counts that Progress would hold.
Progress progress_of(WorkloadId, std::uint32_t tasks, const SettledCounts&, TaskState waiting);
// Pure.  The table for people, $PCLUSTER_RESULT's columns last.
void tasks_table(const TaskWalk&, const TextSink&);

// The values of the trials, read from their file where they are in one.
Trials load_trials(const Trials&, const StateDirectory&);
// The same one by one, of trials that stay where they are.
TrialAt trial_reader(const Trials&, const StateDirectory&);

}  // namespace pcluster
