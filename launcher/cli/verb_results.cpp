// `pcluster results`: one table of all tasks of a workload, with or without a launcher.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <functional>
#include <utility>

#include "launcher/cli/arguments.hpp"
#include "launcher/cli/client.hpp"
#include "launcher/cli/task_views.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/result_rows.hpp"

namespace pcluster {
namespace {

constexpr Option results_options[] = {
    {"--failed", "", "only those that failed, were lost or cancelled"},
    {"--csv", "", "as CSV, with all columns of the trials and of $PCLUSTER_RESULT"},
};

constexpr std::size_t enough = 64 * 1024;  // bytes at once

bool went_wrong(const TaskView& task) {
  return task.state == TaskState::failed || task.state == TaskState::lost ||
         task.state == TaskState::cancelled;
}

// What the table on disk does not hold: who runs, and whether the others still may.
struct Unsettled {
  RunningTasks running;
  TaskState waiting = TaskState::queued;
};

Unsettled ask_unsettled(const Session& session, WorkloadId id) {
  Unsettled all;
  if (exists(session.state().stopped())) all.waiting = TaskState::cancelled;
  try {
    auto client = Client::connect_if_there(session);
    if (!client) return all;
    all.running = client->ask<RunningTasks>(GetRunning{id}, 5 * second);
    const auto rows = client->ask<Status>(GetStatus{}, 5 * second).workloads;
    // It lists all that have not finished, and of the others the newest.
    if (std::ranges::none_of(rows, [&](const WorkloadRow& row) {
          return row.progress.workload == id && !row.progress.finished;
        }))
      all.waiting = TaskState::cancelled;
  } catch (const Error&) {  // the table on disk is worth printing without it
  }
  return all;
}

int run_results(const Session& session, const Arguments& arguments) {
  if (arguments.has("csv") && session.json)
    throw Error(Exit::usage, "results: --csv and --json are two forms", "leave one of them out");
  const auto ref = workload_operand(session, arguments);
  const auto unsettled = ask_unsettled(session, ref.workload);  // before the table: none is missed
  const auto spec = read_spec(session.state(), ref.workload);
  check_index(ref, spec);
  const TaskViews views(ref.workload, spec, trial_reader(spec.trials, session.state()),
                        unsettled.running, unsettled.waiting);
  ResultRows rows(session.state(), ref.workload);
  const auto first = ref.index.value_or(0);
  const auto end = ref.index ? first + 1 : task_count(spec.trials);
  const auto walk = [&](const std::function<void(const TaskView&)>& each) {
    for (auto index = first; index < end; ++index) {
      const auto row = index < rows.end() ? rows.row(index) : std::nullopt;
      const auto task = views.view(index, row ? &*row : nullptr);
      if (!arguments.has("failed") || went_wrong(task)) each(task);
    }
  };
  std::string text;
  const auto write = [&](std::string_view piece) {
    text += piece;
    if (text.size() >= enough) write_out(std::exchange(text, {}));
  };
  (arguments.has("csv") ? tasks_csv : session.json ? tasks_document : tasks_table)(walk, write);
  write_out(text);
  return static_cast<int>(Exit::done);
}

}  // namespace

const Verb verb_results{
    .name = "results",
    .summary = "one table of all tasks of a workload",
    .operands_name = "[ID[.INDEX]|last]",
    .operands = Operands::words,
    .options = results_options,
    .more_options = {},
    .examples =
        "pcluster results                           # of the last workload\n"
        "pcluster results 7 --failed\n"
        "pcluster results 7 --csv > results.csv\n"
        "pcluster results 7 --json > results.json",
    .run = run_results,
    .description =
        "Prints one line per task: state, exit code, host, times, memory, and the columns that the "
        "task wrote to the file $PCLUSTER_RESULT. It reads the table on disk, so that it needs no "
        "launcher and works after stop.",
};

}  // namespace pcluster
