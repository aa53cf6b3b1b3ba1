// `pcluster map`: one task per trial.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/follow.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/trials.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {
namespace {

constexpr Option options[] = {
    {"--trials", "A-B[:STEP]", "the trials, B included; without it one trial per line of stdin"},
    {"--max-failures", "N|P%", "stop when so many tasks (or percent of them) failed"},
    {"-o,--output", "FILE", "output of each task to a file of its own: 'trial-{trial}.out'"},
};

Trials trials_from(const Arguments& arguments) {
  if (const auto said = arguments.text("trials")) return parse_trials(*said);
  const char* hint = "give --trials A-B, or one trial per line on standard input";
  if (is_terminal(STDIN_FILENO)) throw Error(Exit::usage, "map: no trials", hint);
  auto trials = lines(read_stdin());
  if (trials.empty()) throw Error(Exit::usage, "map: no trials on standard input", hint);
  return trials;
}

// A value set into a shell line could be read as shell: only plain words may.
void check_shell(const WorkloadSpec& spec) {
  const auto* trials = std::get_if<TrialLines>(&spec.trials);
  const auto& line = spec.task.argv.back();
  if (trials == nullptr || line.find("{trial}") == line.npos) return;
  const auto bad = std::ranges::find_if_not(*trials, is_plain_word);
  if (bad == trials->end()) return;
  throw Error(Exit::usage,
              fmt::format("--shell: the trial \"{}\" is not one plain word", printable(*bad)),
              "write \"$PCLUSTER_TRIAL\" in the command instead of {trial}");
}

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

std::string output_path(const Arguments& arguments, const std::string& directory) {
  const auto said = arguments.text("output").value_or("");
  return said.empty() || said.starts_with('/') ? said : directory + "/" + said;
}

WorkloadSpec spec_from(const Session& session, const Arguments& arguments) {
  auto spec = workload_from(session, arguments, "map");
  spec.trials = trials_from(arguments);
  spec.task.output = output_path(arguments, spec.task.directory);
  if (const auto most = arguments.text("max-failures"))
    spec.max_failures = most_failures(*most, task_count(spec.trials));
  if (arguments.has("shell")) check_shell(spec);
  return spec;
}

int run(const Session& session, const Arguments& arguments) {
  auto spec = spec_from(session, arguments);
  if (const auto hint = command_hint(spec); !hint.empty()) session.say(hint);
  auto client = reach_launcher(session);
  if (auto* trials = std::get_if<TrialLines>(&spec.trials))
    spec.trials = place_trials(std::move(*trials), session.state());
  const bool detach = arguments.has("detach");
  catch_interrupts();
  const auto accepted = add_workload(client, spec, !detach);
  if (detach) return print_detached(session, accepted, spec);
  return conclude(session, follow(session, client, accepted.workload, {}), spec);
}

}  // namespace

const Verb verb_map{
    .name = "map",
    .summary = "run a command once per trial",
    .operands_name = "-- COMMAND...",
    .operands = Operands::command,
    .options = options,
    .more_options = task_options(),
    .examples =
        "pcluster map --trials 0-499 -- python trial.py {trial}\n"
        "pcluster map --trials 0-90:10 --cores 4 --retries 1 -- ./model --angle {trial}\n"
        "ls *.mat | pcluster map --detach -- ./analyse {trial}\n"
        "pcluster map --trials 0-9 --shell -- 'gzip -c part{trial} > part{trial}.gz'",
    .run = run,
    .description =
        "Runs the command once per trial, as many at a time as the workers have slots; {trial} in "
        "its words becomes the trial. It shows progress, and ends with 0 when all tasks are done, "
        "with 1 when some failed. Ctrl-C cancels what has not ended; --detach returns at once, and "
        "pcluster wait comes back to it.",
};

}  // namespace pcluster
