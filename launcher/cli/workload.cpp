// Builds workloads and finds them again.
// SPDX-License-Identifier: MIT
#include "launcher/cli/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

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
    {"-c,--cores", "N",
     "cores per task (per rank of one with ranks); default: the slot's, 1 for a rank"},
    {"-m,--memory", "SIZE", "memory per task (per rank): 4G"},
    {"--gpus", "N", "GPUs per task (per rank)"},
    {"-t,--time", "TIME", "a task that runs longer is ended"},
    {"--time-request", "TIME", "only on workers whose job lasts that long still"},
    {"--retries", "N", "run a task that failed again, so often (default 0)"},
    {"--priority", "N", "higher ones first (default 0)"},
    {"--tag", "NAME", "a name for the workload: later verbs take it for its id"},
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

constexpr std::size_t longest_tag = 64;

std::string tag_from(const Arguments& arguments) {
  const auto tag = arguments.text("tag").value_or("");
  const auto may_hold = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  };
  const bool good = tag.size() <= longest_tag && tag != "last" && !tag.starts_with('-') &&
                    std::ranges::all_of(tag, may_hold) && !to_integer(tag);
  if (arguments.has("tag") && (!good || tag.empty()))
    throw Error(Exit::usage, fmt::format("--tag \"{}\" is no name for a workload", printable(tag)),
                fmt::format("use at most {} of A-Z a-z 0-9 _ -, not digits alone and not \"last\"",
                            longest_tag));
  return tag;
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

// The newest with this tag; `known` gets all tags.
std::optional<WorkloadId> tagged(const StateDirectory& state, std::string_view tag,
                                 std::vector<std::string>& known) {
  auto ids = workloads_on_disk(state);
  std::ranges::reverse(ids);
  for (const auto id : ids) {
    const auto spec = read_spec(state, id);
    if (!tag.empty() && spec.tag == tag) return id;
    if (!spec.tag.empty()) known.push_back(spec.tag);
  }
  return {};
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

std::vector<std::string> command_words(const Arguments& arguments,
                                       const std::vector<std::string>& command,
                                       std::string_view verb) {
  if (command.empty())
    throw Error(Exit::usage, fmt::format("{}: no command", verb),
                fmt::format("give it after --; see: pcluster {} --help", verb));
  if (!arguments.has("shell")) return command;
  return {"/bin/sh", "-c", join(command, " ")};
}

std::span<const Option> task_options() { return options; }

Environment sent_environment(const Variables& variables) {
  Environment environment;
  for (const auto& [name, value] : variables)
    if (std::ranges::any_of(sent, [&](std::string_view glob) { return matches(name, glob); }))
      environment.emplace_back(name, value);
  return environment;
}

Environment said_environment(const Variables& variables, const std::vector<std::string>& said) {
  Environment environment;
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
  task.argv = command_words(arguments, arguments.command(), verb);
  task.directory = directory_from(arguments);
  task.clean_environment = arguments.has("env-none");
  if (!task.clean_environment) task.sent = sent_environment(session.variables);
  task.environment = said_environment(session.variables, arguments.all("env"));
  task.keep_threads = keeps_threads(arguments);
  task.each = {arguments.number("cores", 1).value_or(0), arguments.memory_mb("memory").value_or(0),
               arguments.number("gpus").value_or(0)};
  task.time_limit = arguments.duration("time").value_or(0);
  spec.verb = std::move(verb);
  spec.time_request = arguments.duration("time-request").value_or(0);
  spec.retries = arguments.number("retries").value_or(0);
  spec.priority = arguments.integer("priority").value_or(0);
  spec.tag = tag_from(arguments);
  spec.after = workloads_named(session, arguments, "after");
  spec.after_any = workloads_named(session, arguments, "after-any");
  return spec;
}

Trials place_trials(TrialLines trials, const StateDirectory& state) {
  std::size_t size = 0;
  for (const auto& line : trials) size += line.size() + 5;  // and MessagePack's own
  if (size <= max_inline_payload) return trials;
  std::string text;
  text.reserve(size);
  for (const auto& line : trials) (text += line) += '\n';
  TrialFile file{"", sha256_hex(text), static_cast<std::uint32_t>(trials.size())};
  file.name = "trials-" + file.sha256.substr(0, 16);
  const auto path = state.inputs() + "/" + file.name;
  if (!exists(path)) write_file(path, text);
  return file;
}

TaskRef find_workload(const StateDirectory& state, const std::string& word) {
  if (const auto ref = parse_task_ref(word)) return *ref;
  const auto dot = word.find('.');
  const auto name = word.substr(0, dot);
  // `0` stands for what comes before the dot.
  const auto index =
      dot == word.npos ? std::optional(TaskRef{}) : parse_task_ref("0" + word.substr(dot));
  std::vector<std::string> known{"last"};
  if (index && name == "last") {
    const auto all = workloads_on_disk(state);
    if (!all.empty()) return {*std::ranges::max_element(all), index->index};
    throw Error(Exit::usage, "no workload yet in this cluster",
                "run one: pcluster map --trials 0-9 -- COMMAND");
  }
  const auto id = tagged(state, name, known);
  if (id && index) return {*id, index->index};
  throw Error(
      Exit::usage,
      fmt::format("\"{}\" names no workload{}", printable(word), did_you_mean(name, known)),
      "write 7 for a workload, 7.123 for one of its tasks, the name that --tag gave, or last");
}

void check_index(const TaskRef& ref, const WorkloadSpec& spec) {
  const auto tasks = task_count(spec.trials);
  if (!ref.index || *ref.index < tasks) return;
  throw Error(Exit::usage,
              fmt::format("workload {} has no task {}", to_string(ref.workload), *ref.index),
              tasks == 1 ? "its only one is 0" : fmt::format("they are 0-{}", tasks - 1));
}

TaskRef workload_operand(const Session& session, const Arguments& arguments) {
  const auto& words = arguments.operands();
  if (words.size() > 1)
    throw Error(Exit::usage, fmt::format("one workload at a time, not also \"{}\"", words[1]));
  return find_workload(session.state(), words.empty() ? "last" : words.front());
}

}  // namespace pcluster
