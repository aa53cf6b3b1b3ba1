// Builds workloads and finds them again.
// SPDX-License-Identifier: MIT
#include "launcher/cli/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/trials.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/key.hpp"
#include "launcher/io/store.hpp"
#include "launcher/model/messages.hpp"

namespace pcluster {
namespace {

constexpr Option options[] = {
    {"-c,--cores", "N", "cores per task (per rank with -np); default: the slot's, 1 for a rank"},
    {"-m,--memory", "SIZE", "memory per task (per rank): 4G"},
    {"--gpus", "N", "GPUs per task (per rank)"},
    {"-t,--time", "TIME", "a task that runs longer is ended"},
    {"--time-request", "TIME", "only on workers whose job lasts that long still"},
    {"--retries", "N", "run a task that failed again, so often (default 0)"},
    {"--priority", "N", "higher ones first (default 0)"},
    {"--after", "ID", "begin when that workload is done; cancelled when it fails", true},
    {"--after-any", "ID", "begin when that workload has ended, however", true},
    {"--env", "K[=V]", "set a variable; K alone takes this shell's value", true},
    {"--env-none", "", "start tasks from no environment but pcluster's own and --env"},
    {"--chdir", "DIR", "working directory (default: this one)"},
    {"--threads", "keep", "leave OMP_NUM_THREADS and its kin as they are"},
    {"--detach", "", "print the workload's id and return"},
    {"--shell", "", "the command is a line for /bin/sh"},
};

// What a shell sets up for its programs: `module load`, `conda activate`, a virtual environment.
constexpr std::array<std::string_view, 5> sent = {"PATH", "LD_LIBRARY_PATH", "PYTHONPATH",
                                                  "VIRTUAL_ENV", "CONDA_*"};

std::vector<std::string> command_from(const Arguments& arguments, std::string_view verb) {
  const auto& command = arguments.command();
  if (command.empty())
    throw Error(Exit::usage, fmt::format("{}: no command", verb),
                fmt::format("give it after --; see: pcluster {} --help", verb));
  if (!arguments.has("shell")) return command;
  return {"/bin/sh", "-c", join(command, " ")};
}

bool keeps_threads(const Arguments& arguments) {
  const auto threads = arguments.text("threads");
  if (threads && *threads != "keep")
    throw Error(Exit::usage, fmt::format("--threads {}: only \"keep\" is known", *threads),
                "without it a task gets as many threads as it has cores; --cores N sets those");
  return threads.has_value();
}

std::string directory_from(const Arguments& arguments) {
  const auto here = current_directory();
  const auto said = arguments.text("chdir").value_or(here);
  return said.starts_with('/') ? said : here + "/" + said;
}

std::vector<WorkloadId> workloads_named(const Session& session, const Arguments& arguments,
                                        std::string_view option) {
  std::vector<WorkloadId> ids;
  for (const auto& word : arguments.all(option)) {
    const auto ref = find_workload(session.state(), word);
    if (ref.index)
      throw Error(
          Exit::usage, fmt::format("--{} {}: one task is not enough", option, word),
          fmt::format("write the whole workload: --{} {}", option, to_string(ref.workload)));
    ids.push_back(ref.workload);
  }
  return ids;
}

}  // namespace

std::span<const Option> task_options() { return options; }

Environment task_environment(const Variables& variables, const std::vector<std::string>& said,
                             bool clean) {
  Environment environment;
  for (const auto& [name, value] : variables) {
    const auto wanted = [&](std::string_view glob) { return matches(name, glob); };
    if (!clean && std::ranges::any_of(sent, wanted)) environment.emplace_back(name, value);
  }
  for (const auto& word : said) {
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    if (name.empty()) throw Error(Exit::usage, fmt::format("--env \"{}\" has no name", word));
    if (equals == word.npos && !variables.contains(name))
      throw Error(Exit::usage, fmt::format("--env {}: not set in this shell", name),
                  fmt::format("write --env {}=VALUE", name));
    const auto value = equals == word.npos ? variable(variables, name) : word.substr(equals + 1);
    std::erase_if(environment, [&](const auto& each) { return each.first == name; });
    environment.emplace_back(name, value);
  }
  return environment;
}

WorkloadSpec workload_from(const Session& session, const Arguments& arguments, std::string verb) {
  WorkloadSpec spec;
  auto& task = spec.task;
  task.argv = command_from(arguments, verb);
  task.directory = directory_from(arguments);
  task.clean_environment = arguments.has("env-none");
  task.environment =
      task_environment(session.variables, arguments.all("env"), task.clean_environment);
  task.keep_threads = keeps_threads(arguments);
  task.each = {arguments.number("cores", 1).value_or(0), arguments.memory_mb("memory").value_or(0),
               arguments.number("gpus").value_or(0)};
  task.time_limit = arguments.duration("time").value_or(0);
  spec.verb = std::move(verb);
  spec.time_request = arguments.duration("time-request").value_or(0);
  spec.retries = arguments.number("retries").value_or(0);
  spec.priority = arguments.integer("priority").value_or(0);
  spec.after = workloads_named(session, arguments, "after");
  spec.after_any = workloads_named(session, arguments, "after-any");
  return spec;
}

Trials place_trials(TrialLines trials, const StateDirectory& state) {
  std::size_t size = 0;
  for (const auto& line : trials) size += line.size() + 5;  // and MessagePack's own
  if (size <= max_inline_payload) return trials;
  std::string text;
  for (const auto& line : trials) text += line + "\n";
  TrialFile file{"", sha256_hex(text), static_cast<std::uint32_t>(trials.size())};
  file.name = "trials-" + file.sha256.substr(0, 16);
  const auto path = state.inputs() + "/" + file.name;
  if (!exists(path)) write_file(path, text);
  return file;
}

std::string command_hint(const WorkloadSpec& spec) {
  if (task_count(spec.trials) < 2) return {};
  for (const auto& word : spec.task.argv)
    for (const auto* name : {"{trial}", "{index}", "PCLUSTER_TRIAL", "PCLUSTER_INDEX"})
      if (word.find(name) != word.npos) return {};
  return "every task gets the same command: {trial} in it stands for the trial (a program can also "
         "read $PCLUSTER_TRIAL)";
}

TaskRef find_workload(const StateDirectory& state, const std::string& word) {
  if (word == "last") {
    const auto all = workloads_on_disk(state);
    if (all.empty())
      throw Error(Exit::usage, "no workload yet in this cluster",
                  "run one: pcluster map --trials 0-9 -- COMMAND");
    return {*std::ranges::max_element(all), {}};
  }
  const auto ref = parse_task_ref(word);
  if (!ref)
    throw Error(Exit::usage, fmt::format("\"{}\" names no workload", printable(word)),
                "write 7 for a workload, 7.123 for one of its tasks, or last");
  return *ref;
}

TaskRef workload_operand(const Session& session, const Arguments& arguments) {
  const auto& words = arguments.operands();
  if (words.size() > 1)
    throw Error(Exit::usage, fmt::format("one workload at a time, not also \"{}\"", words[1]));
  return find_workload(session.state(), words.empty() ? "last" : words.front());
}

}  // namespace pcluster
