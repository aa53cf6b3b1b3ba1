// `pcluster completion`: the script that teaches a shell our words; and the hidden
// `pcluster complete -- WORDS...`, which such a script asks while someone types.
// SPDX-License-Identifier: MIT
#include "launcher/cli/verb_completion.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/client.hpp"
#include "launcher/cli/completion.hpp"
#include "launcher/cli/sites.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

using Names = std::vector<std::string>;

constexpr Micros launcher_patience = 400 * millisecond, scheduler_patience = 600 * millisecond;
constexpr std::size_t most_read = 100;       // workloads, for their tags
constexpr unsigned hard_limit_us = 950'000;  // someone waits at a prompt

Session session_of(const Names& words) {
  Names options;
  if (const auto cluster = typed_value(words, "--cluster"); !cluster.empty())
    options = {"--cluster", cluster};
  return make_session(Arguments(verb_stop, options), read_environment());
}

// A directory that is not there holds nothing.
Names names_in(const std::string& directory) {
  return exists(directory) ? list_directory(directory) : Names{};
}

Names clusters(const Session& session) {
  const auto said = variable(session.variables, "PCLUSTER_DIR");
  return names_in(said.empty() ? session.home() + "/.pcluster" : said);
}

// Their numbers, and the tags of the newest.
Names workloads(const Session& session) {
  const auto state = session.state();
  const auto ids = exists(state.workloads()) ? workloads_on_disk(state) : std::vector<WorkloadId>{};
  Names names, tags;
  for (const auto id : ids) names.push_back(to_string(id));
  for (auto i = ids.size(); i > 0 && ids.size() - i < most_read; --i) {
    try {
      const auto tag = read_spec(state, ids[i - 1]).tag;
      if (!tag.empty() && std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
    } catch (const Error&) {  // a damaged one has none
    }
  }
  names.insert(names.end(), tags.begin(), tags.end());
  return names;
}

Names sites(const Session& session) {
  Names names;
  for (const auto& site : read_sites(session)) names.push_back(site.name);
  return names;
}

Names partitions(const Session& session, const Names& words) {
  auto said = typed_value(words, "--site");
  if (said.empty()) said = variable(session.variables, "PCLUSTER_SITE");
  const auto here = this_machine(variable(session.variables, "PATH"));
  const auto chosen = choose_site(read_sites(session), said, here, true);
  Names names;
  for (const auto& partition : chosen.profile.partitions) names.push_back(partition.name);
  const auto argv = chosen.adapter->limits();
  if (!argv.empty() && here.on_path(argv.front())) {
    CommandOptions patience;
    patience.timeout = scheduler_patience;
    const auto got = run_command(argv, patience);
    const auto live = chosen.adapter->limits_seen({got.exit_code, got.timed_out, got.out, got.err});
    if (live && !live->empty()) names.clear();
    for (const auto& partition : live.value_or(std::vector<PartitionLimits>{}))
      names.push_back(partition.name);
  }
  std::erase_if(names, [&](const auto& name) {
    return std::ranges::find(chosen.profile.exclude, name) != chosen.profile.exclude.end();
  });
  return names;
}

// Nothing when no launcher runs: none is started for this.
Status ask_status(const Session& session) {
  auto client = Client::connect_if_there(session, launcher_patience);
  return client ? client->ask<Status>(GetStatus{}, launcher_patience) : Status{};
}

Names names_of(Completes kind, const Session& session, const Names& words) {
  Names names;
  switch (kind) {
    case Completes::cluster: return clusters(session);
    case Completes::workload: return workloads(session);
    case Completes::site: return sites(session);
    case Completes::partition: return partitions(session, words);
    case Completes::worker:
      for (const auto& row : ask_status(session).workers) names.push_back(to_string(row.worker));
      return names;
    case Completes::pool:
      for (const auto& row : ask_status(session).pools) names.push_back(row.pool);
      return names;
    case Completes::verb:
      for (const auto* verb : verbs()) names.emplace_back(verb->name);
      return names;
    default: return names;
  }
}

std::string answer(const Names& words) {
  const auto all = candidates(words);
  std::string text;
  const auto add = [&](const std::string& word, const std::string& help) {
    if (!word.starts_with(all.typed) || printable(word) != word) return;
    text += fmt::format("{}{}{}{}\n", all.before, word, help.empty() ? "" : "\t", help);
  };
  for (const auto& each : all.words) add(each.word, each.help);
  for (const auto kind : all.kinds) {
    if (kind == Completes::file) text += ":file\n";
    if (kind == Completes::directory) text += ":directory\n";
    if (kind == Completes::command) text += ":command\n";
    try {
      for (const auto& name : names_of(kind, session_of(words), words)) add(name, "");
    } catch (const Error&) {  // what could not be asked is not offered
    }
  }
  return text;
}

int run_completion(const Session&, const Arguments& arguments) {
  const Names shells{"bash", "zsh", "fish"};
  const auto& words = arguments.operands();
  if (words.size() != 1)
    throw Error(Exit::usage, "completion: for which shell?",
                "write: pcluster completion bash, zsh or fish");
  const auto script = completion_script(words.front());
  if (script.empty())
    throw Error(Exit::usage,
                fmt::format("completion: unknown shell \"{}\"{}", printable(words.front()),
                            did_you_mean(words.front(), shells)),
                "it is one of: " + join(shells, ", "));
  write_out(std::string(script));
  return static_cast<int>(Exit::done);
}

}  // namespace

int answer_completion(const std::vector<std::string>& words) {
  signal(SIGALRM, [](int) { _exit(0); });
  ualarm(hard_limit_us, 0);
  try {
    const auto begin = !words.empty() && words.front() == "--" ? words.begin() + 1 : words.begin();
    write_out(answer({begin, words.end()}));
  } catch (const std::exception&) {  // nobody at a prompt wants to read about it
  }
  ualarm(0, 0);
  return static_cast<int>(Exit::done);
}

const Verb verb_completion{
    .name = "completion",
    .summary = "the script that completes pcluster's words in a shell",
    .operands_name = "bash|zsh|fish",
    .operands = Operands::words,
    .options = {},
    .more_options = {},
    .examples =
        "source <(pcluster completion bash)         # in ~/.bashrc\n"
        "source <(pcluster completion zsh)          # in ~/.zshrc, after compinit\n"
        "pcluster completion fish > ~/.config/fish/completions/pcluster.fish",
    .run = run_completion,
    .description =
        "Prints the script that lets a shell complete verbs, options, sites, partitions, "
        "workloads, their tags, workers and pools. It asks pcluster itself while you type, so that "
        "it is never out "
        "of date; it starts no launcher and takes at most a second. An installed pcluster brings "
        "the three scripts in share/.",
};

}  // namespace pcluster
