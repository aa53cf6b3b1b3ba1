// A workload's tasks as far as they have come: the table on disk and what runs, side by side.
// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "launcher/cli/documents.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {

// Pure.  `trials` are in hand even when the spec only names a file of them.  A task without a row
// that does not run is `waiting`: queued, or cancelled once its workload has ended.
std::vector<TaskView> task_views(WorkloadId, const WorkloadOnDisk&, const Trials& trials,
                                 const RunningTasks&, TaskState waiting);
// Pure.  The counts that Progress would hold.
Progress progress_of(WorkloadId, const WorkloadOnDisk&, TaskState waiting);
// Pure.  The table for people, $PCLUSTER_RESULT's columns last.
std::string tasks_table(const std::vector<TaskView>&);

// The values of the trials, read from their file where they are in one.
Trials load_trials(const Trials&, const StateDirectory&);

}  // namespace pcluster
