// `pcluster config`: what submit would use, and where each value comes from.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/config_view.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/settings.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

int show(const Session& session, const Arguments& arguments) {
  const auto submission = prepare(session, arguments, {.dry = true, .file = {}});
  for (const auto& note : submission.plan.notes) session.say(note);
  const auto views = setting_views(submission);
  const auto width = session.out_is_terminal ? static_cast<std::size_t>(terminal_width()) : 0;
  write_out(session.json ? settings_document(views) : settings_table(views, width));
  return static_cast<int>(Exit::done);
}

int path(const Session& session, const Arguments& arguments) {
  const auto file = configuration_in_use(session, arguments);
  const bool there = exists(file);
  if (!there) session.say("it is not there: submit takes the other values");
  write_out(session.json ? configuration_document(file, there) : file + "\n");
  return static_cast<int>(Exit::done);
}

// As submit would read it, here and now: keys, values, names of sites and partitions, template.
int check(const Session& session, const Arguments& arguments) {
  const auto& words = arguments.operands();
  if (words.size() < 2)
    throw Error(Exit::usage, "config check: which file?", "write: pcluster config check FILE");
  const auto submission = prepare(session, arguments, {.dry = true, .file = words[1]});
  for (const auto& note : submission.plan.notes) session.say(note);
  write_out(session.json ? configuration_document(words[1], true)
                         : fmt::format("{}: no mistake found\n", words[1]));
  return static_cast<int>(Exit::done);
}

struct Action {
  std::string_view name;
  std::size_t operands;  // itself, and a file
  int (*run)(const Session&, const Arguments&);
};
constexpr Action actions[] = {{"show", 1, show}, {"path", 1, path}, {"check", 2, check}};

int run_config(const Session& session, const Arguments& arguments) {
  const auto& words = arguments.operands();
  const std::string name = words.empty() ? "show" : words.front();
  const auto* action = std::ranges::find(actions, name, &Action::name);
  if (action == std::end(actions)) {
    std::vector<std::string> names;
    for (const auto& each : actions) names.emplace_back(each.name);
    throw Error(
        Exit::usage,
        fmt::format("config: unknown word \"{}\"{}", printable(name), did_you_mean(name, names)),
        "it is one of: " + join(names, ", "));
  }
  if (words.size() > action->operands)
    throw Error(Exit::usage, fmt::format("config: unexpected word \"{}\"", printable(words.back())),
                "see: pcluster config --help");
  return action->run(session, arguments);
}

}  // namespace

const Verb verb_config{
    .name = "config",
    .summary = "what submit would use, and where each value comes from",
    .operands_name = "[show|path|check FILE]",
    .operands = Operands::words,
    .options = submission_options(),
    .more_options = {},
    .examples =
        "pcluster config show                       # what a plain submit would ask for\n"
        "pcluster config show --partition 16GBXL --jobs 10\n"
        "pcluster config check cluster.yaml         # before: pcluster start --config "
        "cluster.yaml\n"
        "pcluster config path",
    .run = run_config,
    .description =
        "Takes the options of submit and starts nothing. `show` prints every setting with its "
        "value and its origin: command line, a PCLUSTER_ variable, file and line of the "
        "configuration, the site profile or its partition, the live scheduler, or our default; "
        "the first of these that says something counts, and the live scheduler's limits cap it. "
        "`check` reads a configuration file as submit would and names each mistake; `path` says "
        "which file is read.",
    .environment = settings_environment,
};

}  // namespace pcluster
