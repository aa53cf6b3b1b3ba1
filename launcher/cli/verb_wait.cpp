// `pcluster wait`: comes back to a workload and waits for its end.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "launcher/base/error.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/follow.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/task_views.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

int run_wait(const Session& session, const Arguments& arguments) {
  const auto ref = workload_operand(session, arguments);
  const auto id = ref.workload;
  if (ref.index)
    throw Error(Exit::usage, "wait is for whole workloads",
                fmt::format("write: pcluster wait {}", to_string(id)));
  const auto spec = read_spec(session.state(), id);
  // A stopped cluster runs nothing more.
  const auto waiting = exists(session.state().stopped()) ? TaskState::cancelled : TaskState::queued;
  const auto so_far =
      progress_of(id, task_count(spec.trials), count_settled(session.state(), id), waiting);
  if (so_far.finished)  // needs no launcher
    return conclude(session, {so_far, "", Followed::End::finished}, spec);
  auto client = reach_launcher(session);
  catch_interrupts();
  client.send(Follow{id});
  return conclude(session, follow(session, client, id, {.cancels = false}), spec);
}

}  // namespace

const Verb verb_wait{
    .name = "wait",
    .summary = "wait for a workload to end",
    .operands_name = "[ID|last]",
    .operands = Operands::words,
    .options = {},
    .more_options = {},
    .examples =
        "pcluster wait 7\n"
        "pcluster wait                              # for the last one",
    .run = run_wait,
    .description =
        "Waits for the end of a workload that map --detach started, or that an earlier command "
        "left, and shows its progress. It ends with the codes of map; Ctrl-C ends the waiting and "
        "not the workload.",
};

}  // namespace pcluster
