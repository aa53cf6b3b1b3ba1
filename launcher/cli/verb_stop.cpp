// `pcluster stop`: cancels the jobs, ends the workers and the launcher.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "launcher/cli/client.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

constexpr Option stop_options[] = {
    {"--take-over", "", "though the launcher ran on another host (which is lost)"},
};

int run_stop(const Session& session, const Arguments&) {
  catch_interrupts();
  auto client = find_launcher(session);  // one that died may have left jobs in the queue
  if (!client) {
    session.say(
        fmt::format("no launcher runs for cluster \"{}\": nothing to stop", session.cluster));
    return static_cast<int>(Exit::done);
  }
  const auto stopping = stop_launcher(session, *client);
  remove_tree(session.state().key());
  session.say(fmt::format("stopped: {} job{}, {} worker{}", stopping.jobs,
                          stopping.jobs == 1 ? "" : "s", stopping.workers,
                          stopping.workers == 1 ? "" : "s"));
  if (!workloads_on_disk(session.state()).empty())
    session.say("results and logs stay until this cluster's next submit");
  return static_cast<int>(Exit::done);
}

}  // namespace

const Verb verb_stop{
    .name = "stop",
    .summary = "cancel the jobs, end the workers and the launcher",
    .operands_name = "",
    .operands = Operands::none,
    .options = stop_options,
    .more_options = {},
    .examples = "pcluster stop                              # results and logs stay readable",
    .run = run_stop,
    .description =
        "Cancels the queued jobs, ends tasks, workers and launcher, and returns when nothing of "
        "them runs here any more. Results and logs of its workloads stay readable.",
};

}  // namespace pcluster
