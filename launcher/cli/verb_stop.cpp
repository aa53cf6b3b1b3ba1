// `pcluster stop`: cancels the jobs, ends the workers and the launcher.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "launcher/cli/client.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

constexpr Micros limit = 60 * second;

// The socket's end and the process's: when we return, nothing of the cluster runs here.
void await_end(const Session& session, Client& client, const std::optional<LauncherInfo>& info) {
  const auto deadline = steady_now() + limit;
  bool closed = false;
  while (steady_now() < deadline) {
    if (interrupts() > 0)
      throw Error(Exit::interrupted, "interrupted; the cluster ends all the same");
    if (!closed)
      closed = client.receive(50 * millisecond).kind == Client::Got::Kind::closed;
    else if (!info || !alive(*info))
      return;
    else
      pause_for(2 * millisecond);
  }
  throw Error(Exit::timed_out,
              fmt::format("the launcher has not ended within {}", show_duration(limit)),
              "its log: " + session.state().log());
}

int run(const Session& session, const Arguments&) {
  catch_interrupts();
  auto client = find_launcher(session);  // one that died may have left jobs in the queue
  if (!client) {
    session.say(
        fmt::format("no launcher runs for cluster \"{}\": nothing to stop", session.cluster));
    return static_cast<int>(Exit::done);
  }
  const auto info = read_launcher_info(session.state());
  const auto stopping = client->ask<Stopping>(StopCluster{});
  await_end(session, *client, info);
  remove_tree(session.state().key());
  session.say(fmt::format("stopped: {} job{}, {} worker{}", stopping.jobs,
                          stopping.jobs == 1 ? "" : "s", stopping.workers,
                          stopping.workers == 1 ? "" : "s"));
  return static_cast<int>(Exit::done);
}

}  // namespace

const Verb verb_stop{
    .name = "stop",
    .summary = "cancel the jobs, end the workers and the launcher",
    .operands_name = "",
    .operands = Operands::none,
    .options = {},
    .more_options = {},
    .examples = "pcluster stop                              # results and logs stay readable",
    .run = run,
};

}  // namespace pcluster
