// `pcluster channels`: programs on slots, and a stream of bytes to and from each, for a client
// that is a program itself.
// SPDX-License-Identifier: MIT
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/channel_talk.hpp"
#include "launcher/cli/follow.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/split.hpp"
#include "launcher/cli/standard_input.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/worker_list.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {
namespace {

constexpr Option channels_options[] = {
    {"-n,--slots", "N", "so many programs (default 1), each on a slot that has room for it"},
    {"--on", "w0,w3-w5|all", "one program on each of these workers, which takes no slot"},
    {"--ranks", "N", "each program over N MPI ranks; the channel is rank 0's"},
    {"--grace", "TIME", "after the end of input a program has so long to end (default 10s)"},
    option_span,
    option_bind,
    option_units,
};

constexpr std::uint32_t again_and_again = 1'000'000;  // its client says when that is enough
constexpr Micros default_grace = 10 * second;

WorkloadSpec spec_from(const Session& session, const Arguments& arguments) {
  if (arguments.has("detach"))
    throw Error(Exit::usage, "channels: --detach leaves nobody at the other end",
                "leave it out; for programs that nobody talks to: pcluster map --detach");
  if (arguments.has("slots") && arguments.has("on"))
    throw Error(Exit::usage, "channels: --slots and --on: which?",
                "--slots N takes slots anywhere, --on takes none on the workers that it names");
  auto spec = workload_from(session, arguments, "channels");
  split_task(arguments, "ranks", spec.task);
  spec.task.channel = true;
  if (!arguments.has("retries")) spec.retries = again_and_again;
  spec.loss_retries = again_and_again;
  spec.trials = TrialRange{0, std::int64_t{arguments.number("slots", 1).value_or(1)} - 1, 1};
  return spec;
}

int run_channels(const Session& session, const Arguments& arguments) {
  auto spec = spec_from(session, arguments);
  open_missing_input();
  auto client = reach_launcher(session);
  if (const auto said = arguments.text("on"))
    spec = on_workers(std::move(spec), *said, client.ask<Status>(GetStatus{}));
  catch_interrupts();
  const auto accepted = add_workload(client, std::move(spec), true);
  const auto grace = arguments.duration("grace").value_or(default_grace);
  return talk(session, std::move(client), accepted, grace);
}

}  // namespace

const Verb verb_channels{
    .name = "channels",
    .summary = "programs on slots, and a stream of bytes to and from each, for a client",
    .operands_name = "-- PROGRAM [ARGUMENTS...]",
    .operands = Operands::command,
    .options = channels_options,
    .more_options = task_options(),
    .examples =
        "pcluster channels --slots 8 -- python engine.py       # docs/channels.md has the frames\n"
        "pcluster channels --on w0,w3 -- python engine.py\n"
        "pcluster channels --slots 2 --ranks 4 -- python model.py",
    .run = run_channels,
    .description =
        "Starts the program on slots and carries bytes between each and the client that called "
        "this: in frames on standard input and standard output, exactly once and in order, over "
        "restarts of the launcher. A program finds its two descriptors in $PCLUSTER_CHANNEL. One "
        "that ends without being told to, or is lost with its worker, is started again. At the "
        "end of standard input all are told that theirs has ended.",
};

}  // namespace pcluster
