// `pcluster map`: one task per trial.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/dispatch.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/map_trials.hpp"
#include "launcher/cli/resume.hpp"
#include "launcher/cli/split.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/words.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {
namespace {

constexpr std::uint64_t many_per_slot = 1000;

constexpr Option map_options[] = {
    {"--trials", "A-B[:STEP]", "the trials, B included; without any, one trial per line of stdin"},
    {"-a,--arg-file", "FILE", "trials of a table (.csv, .tsv: {COLUMN}), else lines; - is stdin"},
    {"--link", "", "with several ::: lists: their values side by side, not all combinations"},
    {"--channels", "N", "each trial once per chunk of channels: {first_channel} {last_channel}"},
    {"--chan-per-worker", "K", "channels per chunk; last_channel is the first of the next chunk"},
    {"--max-failures", "N|P%", "stop when so many tasks (or percent of them) failed"},
    {"-o,--output", "FILE", "output of each task to a file of its own: 'trial-{trial}.out'"},
    {"--resume", "", "leave out what earlier runs of the same command have finished"},
    {"--resident", "", "start the command once per slot and give it trial after trial"},
    {"--ready-within", "TIME", "a resident says that it is ready by then (default 60s)"},
    {"--ranks", "N", "split each trial over N MPI ranks"},
    option_span,
    option_bind,
    option_units,
};

std::uint32_t most_failures(const std::string& text, std::uint32_t tasks) {
  const bool percent = text.ends_with('%');
  const auto number = to_integer(percent ? text.substr(0, text.size() - 1) : text);
  if (!number || *number < 1 || (percent && *number > 100) || *number > 1'000'000'000)
    throw Error(Exit::usage, fmt::format("--max-failures \"{}\" is no number of tasks", text),
                "write 5, or 10%");
  if (!percent) return static_cast<std::uint32_t>(*number);
  return static_cast<std::uint32_t>(
      std::max<std::uint64_t>(1, std::uint64_t{tasks} * *number / 100));
}

// Tasks that share a file would each cut off what the others wrote.
void check_output(const std::string& said, const TaskTemplate& task, std::uint32_t tasks) {
  const bool apart = names_trial({said}, task.columns);
  if (said.empty() || said == "/dev/null" || apart || tasks < 2) return;
  throw Error(Exit::usage,
              fmt::format("--output {}: all {} tasks would write this file", said, tasks),
              fmt::format("give each its own: --output '{}-{{trial}}'", said));
}

std::string output_path(const Arguments& arguments, const TaskTemplate& task, std::uint32_t tasks) {
  const auto said = arguments.text("output").value_or("");
  check_output(said, task, tasks);
  return said.empty() || said.starts_with('/') ? said : task.directory + "/" + said;
}

void set_resident(const Arguments& arguments, TaskTemplate& task) {
  task.resident = arguments.has("resident");
  const auto ready = arguments.duration("ready-within");
  if (!task.resident && ready)
    throw Error(Exit::usage, "--ready-within: nothing here says that it is ready",
                "it goes with --resident (docs/resident.md); --time limits a task");
  if (!task.resident) return;
  task.ready_within = ready.value_or(0);
  check_resident(task.argv, task.columns);
  if (arguments.has("output"))
    throw Error(Exit::usage, "--output: a resident writes all its trials' output to one place",
                "leave it out: pcluster logs tells the trials' output apart");
}

WorkloadSpec spec_from(const Session& session, const Arguments& arguments, MapTrials from) {
  auto spec = workload_from(session, arguments, "map");
  auto& task = spec.task;
  from.listed = from.listed && !arguments.has("resident");
  task.argv = command_words(arguments, command_of(from), "map");
  split_task(arguments, "ranks", task);
  task.columns = std::move(from.columns);
  spec.trials = std::move(from.trials);
  set_resident(arguments, task);
  task.output = output_path(arguments, task, task_count(spec.trials));
  if (from.named) {
    check_names(task.argv, task.columns);
    check_names({task.output}, task.columns);
  }
  if (arguments.has("shell")) check_shell(task.argv.back(), task.columns, spec.trials);
  if (const auto most = arguments.text("max-failures"))
    spec.max_failures = most_failures(*most, task_count(spec.trials));
  return spec;
}

// Small chunks of channels are soon too many tasks.
void warn_of_many(const Session& session, Client& client, const WorkloadSpec& spec) {
  std::uint64_t slots = 0;
  for (const auto& worker : client.ask<Status>(GetStatus{}).workers)
    if (worker.state != "lost") slots += worker.slots;
  if (slots == 0 || task_count(spec.trials) <= many_per_slot * slots) return;
  session.say(
      fmt::format("{} tasks for {} slot{}: starting them may take longer than their work; "
                  "a larger --chan-per-worker makes fewer of them",
                  task_count(spec.trials), slots, slots == 1 ? "" : "s"));
}

int run_map(const Session& session, const Arguments& arguments) {
  auto from = map_trials(arguments);
  const auto channels = from.channels;
  if (channels) session.say(channels_text(from.without_channels, *channels));
  auto spec = spec_from(session, arguments, std::move(from));
  if (const auto hint = command_hint(spec); !hint.empty()) session.say(hint);
  std::vector<WorkloadId> earlier;
  if (arguments.has("resume")) {
    auto resumed = resume(session, spec);
    if (!resumed.rest) {
      if (session.json) write_out(workloads_document({}));
      return static_cast<int>(Exit::done);
    }
    spec = std::move(*resumed.rest);
    earlier = std::move(resumed.earlier);
  }
  auto client = reach_launcher(session);
  refuse_running(client, earlier);
  if (channels) warn_of_many(session, client, spec);
  return dispatch(session, client, std::move(spec), arguments.has("detach"));
}

}  // namespace

const Verb verb_map{
    .name = "map",
    .summary = "run a command once per trial",
    .operands_name = "-- COMMAND... [::: VALUES...]",
    .operands = Operands::command,
    .options = map_options,
    .more_options = task_options(),
    .examples =
        "pcluster map --trials 0-499 -- python trial.py {trial}\n"
        "pcluster map --trials 0-90:10 --cores 4 --retries 1 -- ./model --angle {trial}\n"
        "pcluster map -a trials.csv -- ./model --alpha {alpha} --out {name}.npy\n"
        "pcluster map -- ./sim --seed {1} --case {2} ::: 1 2 3 ::: slow fast\n"
        "ls *.mat | pcluster map --detach --tag night -- ./analyse {} {/.}.out\n"
        "pcluster map --trials 0-19 --channels 200 --chan-per-worker 40 -- ./lfp {trial} "
        "{first_channel} {last_channel}\n"
        "pcluster map --resume --trials 0-499 -- ./trial {trial}      # only what is left\n"
        "pcluster map --ranks 4 --trials 0-99 -- ./model {trial}      # each over 4 MPI ranks\n"
        "pcluster map --resident -a trials.csv -- python model.py     # docs/resident.md\n"
        "pcluster map --trials 0-9 --shell -- 'gzip -c part{trial} > part{trial}.gz'",
    .run = run_map,
    .description =
        "Runs the command once per trial, as many at a time as the workers have slots; {trial} in "
        "its words becomes the trial. It shows progress, and ends with 0 when all tasks are done, "
        "with 1 when some failed. Ctrl-C cancels what has not ended; --detach returns at once, and "
        "pcluster wait comes back to it.",
};

}  // namespace pcluster
