// `pcluster cancel`: ends a workload or one of its tasks.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "launcher/cli/arguments.hpp"
#include "launcher/cli/client.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {
namespace {

int run_cancel(const Session& session, const Arguments& arguments) {
  if (arguments.operands().empty())
    throw Error(Exit::usage, "cancel: which workload?", "write pcluster cancel ID, or last");
  const auto ref = workload_operand(session, arguments);
  reach_launcher(session).ask<Accepted>(CancelWorkload{ref});
  const auto name =
      ref.index ? to_string(TaskId{ref.workload, *ref.index}) : to_string(ref.workload);
  session.say(fmt::format("{}: its running tasks are told to end, what waits is dropped", name));
  return static_cast<int>(Exit::done);
}

}  // namespace

const Verb verb_cancel{
    .name = "cancel",
    .summary = "end a workload, or one of its tasks",
    .operands_name = "ID[.INDEX]|last",
    .operands = Operands::words,
    .options = {},
    .more_options = {},
    .examples =
        "pcluster cancel 7\n"
        "pcluster cancel 7.123",
    .run = run_cancel,
    .description =
        "Ends the running tasks of a workload, or one task, and drops those that wait. What is "
        "done stays done, and the workers stay for other workloads.",
};

}  // namespace pcluster
