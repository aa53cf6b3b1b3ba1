// `pcluster status`: the launcher, its jobs, workers and workloads.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/client.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/status_tables.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {
namespace {

struct Kind {
  std::string_view name;
  std::string (*document)(const Status&, const LauncherInfo&);
};
constexpr Kind kinds[] = {
    {"workers", [](const Status& status, const LauncherInfo&) { return workers_document(status); }},
    {"jobs", [](const Status& status, const LauncherInfo&) { return jobs_document(status); }},
    {"pools", [](const Status& status, const LauncherInfo&) { return pools_document(status); }},
    {"workloads", [](const Status& status,
                     const LauncherInfo&) { return workloads_document(status.workloads); }},
    {"launcher", launcher_document},
};

const Kind& kind_of(const Arguments& arguments) {
  const auto& words = arguments.operands();
  if (words.empty()) return kinds[0];
  const auto* found = std::ranges::find(kinds, words.front(), &Kind::name);
  if (found != std::end(kinds) && words.size() == 1) return *found;
  std::vector<std::string> names;
  for (const auto& kind : kinds) names.emplace_back(kind.name);
  throw Error(Exit::usage,
              fmt::format("status: unknown word \"{}\"{}", printable(words.back()),
                          did_you_mean(words.back(), names)),
              "it is one of: " + join(names, ", "));
}

int run_status(const Session& session, const Arguments& arguments) {
  const auto& kind = kind_of(arguments);
  const auto status = reach_launcher(session).ask<Status>(GetStatus{});
  const auto width = session.out_is_terminal ? static_cast<std::size_t>(terminal_width()) : 0;
  const auto info = read_launcher_info(session.state()).value_or(LauncherInfo{});
  const auto text = session.json                   ? kind.document(status, info)
                    : arguments.operands().empty() ? status_text(status, width)
                                                   : status_table(status, kind.name, width);
  write_out(text);
  return static_cast<int>(Exit::done);
}

}  // namespace

const Verb verb_status{
    .name = "status",
    .summary = "jobs, workers and workloads",
    .operands_name = "[workers|jobs|pools|workloads|launcher]",
    .operands = Operands::words,
    .options = {},
    .more_options = {},
    .examples =
        "pcluster status\n"
        "pcluster status --json                     # the workers\n"
        "pcluster status jobs --json",
    .run = run_status,
    .description =
        "Shows the launcher, its pools, jobs, workers and workloads as they are now. One of the "
        "words prints that table alone; with --json it is a document for scripts.",
};

}  // namespace pcluster
