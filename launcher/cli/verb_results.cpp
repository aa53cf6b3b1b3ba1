// `pcluster results`: one table of all tasks of a workload, with or without a launcher.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "launcher/cli/arguments.hpp"
#include "launcher/cli/client.hpp"
#include "launcher/cli/task_views.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {
namespace {

constexpr Option options[] = {
    {"--failed", "", "only those that failed, were lost or cancelled"},
};

bool went_wrong(const TaskView& task) {
  return task.state == TaskState::failed || task.state == TaskState::lost ||
         task.state == TaskState::cancelled;
}

// What runs at the moment, if somebody can tell.
RunningTasks running_tasks(const Session& session, WorkloadId id) {
  try {
    if (auto client = Client::connect_if_there(session))
      return client->ask<RunningTasks>(GetRunning{id}, 5 * second);
  } catch (const Error&) {  // the table on disk is worth printing without it
  }
  return {};
}

int run(const Session& session, const Arguments& arguments) {
  const auto ref = workload_operand(session, arguments);
  const auto running = running_tasks(session, ref.workload);  // before the table: never both
  const auto disk = read_workload(session.state(), ref.workload);
  auto tasks =
      task_views(ref.workload, disk, load_trials(disk.spec.trials, session.state()),
                 disk.rows.size() < task_count(disk.spec.trials) ? running : RunningTasks{});
  if (ref.index)
    std::erase_if(tasks, [&](const auto& task) { return task.id.index != *ref.index; });
  if (arguments.has("failed")) std::erase_if(tasks, [](const auto& t) { return !went_wrong(t); });
  write_out(session.json ? tasks_document(tasks) : tasks_table(tasks));
  return static_cast<int>(Exit::done);
}

}  // namespace

const Verb verb_results{
    .name = "results",
    .summary = "one table of all tasks of a workload",
    .operands_name = "[ID[.INDEX]|last]",
    .operands = Operands::words,
    .options = options,
    .more_options = {},
    .examples =
        "pcluster results                           # of the last workload\n"
        "pcluster results 7 --failed\n"
        "pcluster results 7 --json > results.json",
    .run = run,
};

}  // namespace pcluster
