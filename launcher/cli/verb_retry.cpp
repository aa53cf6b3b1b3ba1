// `pcluster retry`: what failed, was lost or cancelled in a workload, as a workload of its own.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <vector>

#include "launcher/cli/again.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/dispatch.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/follow.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/task_views.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/result_rows.hpp"

namespace pcluster {
namespace {

constexpr Option retry_options[] = {
    {"--retries", "N", "run a task that fails again, so often (default: as before)"},
    {"-t,--time", "TIME", "a task that runs longer is ended (default: as before)"},
    {"-m,--memory", "SIZE", "memory per task (default: as before)"},
    {"-c,--cores", "N", "cores per task (default: as before)"},
    {"--detach", "", "print the new workload's id and return"},
};

// Those without a row were cancelled before they began, if the workload has ended.
std::vector<std::uint32_t> unfinished(const StateDirectory& state, const WorkloadSpec& spec,
                                      const TaskRef& ref) {
  ResultRows rows(state, ref.workload);
  std::vector<std::uint32_t> places;
  const auto end = ref.index ? *ref.index + 1 : task_count(spec.trials);
  for (auto place = ref.index.value_or(0); place < end; ++place)
    if (place >= rows.end() || rows.state(place) != TaskState::done) places.push_back(place);
  return places;
}

// A task that waits or runs may still do well.  Says how many of an ended workload are done.
std::uint32_t done_tasks(Client& client, const TaskRef& ref) {
  for (const auto& row : client.ask<Status>(GetStatus{}).workloads) {
    const auto& now = row.progress;
    if (now.workload != ref.workload) continue;
    if (now.finished) return now.done;
    const auto id = to_string(ref.workload);
    throw Error(
        Exit::refused,
        fmt::format("workload {} still runs: {} running, {} queued", id, now.running, now.queued),
        fmt::format("pcluster wait {0}, or pcluster cancel {0}, and then retry it", id));
  }
  return 0;  // of a launcher that went before, or it ended long ago
}

// The last rows may be on their way to the disk still.
void await_rows(const StateDirectory& state, WorkloadId id, std::uint32_t done) {
  const auto deadline = steady_now() + 5 * table_lag;
  while (count_settled(state, id).done < done && steady_now() <= deadline)
    pause_for(5 * millisecond);
}

void apply(const Arguments& arguments, WorkloadSpec& spec) {
  auto& task = spec.task;
  if (const auto retries = arguments.number("retries")) spec.retries = *retries;
  if (const auto time = arguments.duration("time")) task.time_limit = *time;
  if (const auto memory = arguments.memory_mb("memory")) task.each.memory_mb = *memory;
  if (const auto cores = arguments.number("cores", 1)) task.each.cores = *cores;
}

int nothing_failed(const Session& session, const TaskRef& ref) {
  if (session.json) write_out(workloads_document({}));
  session.say(ref.index ? fmt::format("task {} is done: nothing to retry",
                                      to_string(TaskId{ref.workload, *ref.index}))
                        : fmt::format("all tasks of workload {} are done: nothing to retry",
                                      to_string(ref.workload)));
  return static_cast<int>(Exit::done);
}

int run_retry(const Session& session, const Arguments& arguments) {
  const auto ref = workload_operand(session, arguments);
  const auto state = session.state();
  const auto old = read_spec(state, ref.workload);
  check_index(ref, old);
  if (unfinished(state, old, ref).empty()) return nothing_failed(session, ref);
  if (old.task.input)
    throw Error(Exit::refused,
                fmt::format("workload {} read the standard input of its command: nobody has it any "
                            "more",
                            to_string(ref.workload)),
                "run that command again");
  auto client = reach_launcher(session);
  await_rows(state, ref.workload, done_tasks(client, ref));
  const auto places = unfinished(state, old, ref);
  if (places.empty()) return nothing_failed(session, ref);
  const auto count = task_count(old.trials);
  auto spec = some_of(old, load_trials(old.trials, state), places);
  apply(arguments, spec);
  return dispatch(session, client, std::move(spec), arguments.has("detach"),
                  [&](const WorkloadAccepted& accepted) {
                    session.say(fmt::format("workload {}: {} of {} task{} of workload {}",
                                            to_string(accepted.workload), places.size(), count,
                                            count == 1 ? "" : "s", to_string(ref.workload)));
                  });
}

}  // namespace

const Verb verb_retry{
    .name = "retry",
    .summary = "run again what failed, was lost or cancelled",
    .operands_name = "[ID[.INDEX]|last]",
    .operands = Operands::words,
    .options = retry_options,
    .more_options = {},
    .examples =
        "pcluster retry 7\n"
        "pcluster retry 7 --memory 8G --time 2h     # with more of what they lacked\n"
        "pcluster retry last --detach",
    .run = run_retry,
    .description =
        "Runs the tasks of an ended workload that failed, were lost or were cancelled once "
        "more, as a new workload. The command, its directory and its environment, and the index "
        "of each task, stay what they were; options change only what a task may use. A workload "
        "that still runs is refused: wait for it or cancel it first.",
};

}  // namespace pcluster
