// `pcluster with`: a cluster for one command, torn down whatever happens to it.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/submission.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/workload.hpp"
#include "launcher/io/attached.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

// Not used by another on this host or on one that shares the state directory.
std::string own_name() {
  return fmt::format("with-{}-{}", getpid(), unix_now() / millisecond % 1'000'000'000);
}

// Ends what we began.  What the command came to is worth more than a complaint of ours.
void tear_down(const Session& session) {
  catch_interrupts();  // counts anew: what ended the command must not end this
  const auto state = session.state();
  try {
    if (auto client = find_launcher(session)) stop_launcher(session, *client);
    remove_tree(state.key());
    if (!workloads_on_disk(state).empty())
      session.say(
          fmt::format("its results stay readable: pcluster results --cluster {}", session.cluster));
  } catch (const Error& error) {
    write_err(
        fmt::format("pcluster: the cluster \"{}\" may run still: {}\n  end it with: pcluster "
                    "stop --cluster {}\n",
                    session.cluster, error.what(), session.cluster));
  }
}

int run_in(const Session& session, const std::vector<std::string>& command) {
  std::string wrong;
  const auto code = run_attached(command, {"PCLUSTER_CLUSTER=" + session.cluster}, wrong);
  if (!wrong.empty()) write_err(fmt::format("pcluster: {}\n", printable(wrong)));
  return code;
}

int run_with(const Session& session, const Arguments& arguments) {
  const auto command = command_words(arguments, arguments.command(), "with");
  auto submission = prepare(session, arguments, {});
  auto& own = submission.session;
  own.json = false;  // standard output is the command's
  own.use_cluster(arguments.text("cluster").value_or(own_name()));
  if (arguments.has("dry-run"))
    throw Error(Exit::usage, "with: --dry-run would run the command without its cluster",
                "pcluster submit --dry-run prints the job script");
  for (const auto& note : submission.plan.notes) own.say(note);
  own.say(request_line(submission.plan));
  catch_interrupts();
  settle_state_directory(own, submission.state_dir);
  const bool stays = exists(own.state().key());  // somebody else's, and not stopped
  int code = 0;
  try {
    auto launched =
        ensure_launcher(own, Listening{submission.plan.spec.ports, submission.plan.interface});
    bring_up(submission, launched, {!arguments.has("no-wait"), arguments.has("keep-queued")});
    if (interrupts() > 0 || hung_up()) throw Error(Exit::interrupted, "interrupted");
    code = run_in(own, command);
  } catch (const Error&) {
    if (!stays) tear_down(own);
    throw;
  }
  if (!stays) tear_down(own);
  return code;
}

}  // namespace

const Verb verb_with{
    .name = "with",
    .summary = "a cluster for one command: set up, run it, tear down whatever happens",
    .operands_name = "-- COMMAND...",
    .operands = Operands::command,
    .options = submission_options(),
    .more_options = {},
    .examples =
        "pcluster with --jobs 10 --cores 2 -- ./analysis.sh     # calls pcluster map, run, ...\n"
        "pcluster with --jobs 4 -- pcluster map --trials 0-99 -- ./trial {trial}\n"
        "pcluster with --cluster night --jobs 10 -- make        # one that runs already stays",
    .run = run_with,
    .description =
        "Brings up a cluster as submit does, with the same options, runs the command with "
        "$PCLUSTER_CLUSTER set to it, and stops it however the command ends: by itself, by "
        "Ctrl-C or with its terminal. The command's exit code is ours; a failure of pcluster "
        "itself is 125. With --cluster NAME it has that name, and one of that name that runs "
        "already is used and stays.",
};

}  // namespace pcluster
