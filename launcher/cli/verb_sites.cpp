// `pcluster sites`: the profiles, what they say, and how far they are true here.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/live.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/cli/site_text.hpp"
#include "launcher/cli/table.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/script/site_import.hpp"

namespace pcluster {
namespace {

std::string operand(const Arguments& arguments) {
  const auto& words = arguments.operands();
  return words.size() > 1 ? words[1] : "";
}

Surroundings here_of(const Session& session) {
  return this_machine(variable(session.variables, "PATH"));
}

void print(const Session& session, const Table& table) {
  write_out(show(table, session.out_is_terminal ? static_cast<std::size_t>(terminal_width()) : 0));
}

int list(const Session& session, const Arguments&) {
  const auto sites = read_sites(session);
  if (session.json) {
    write_out(sites_document(sites));
    return static_cast<int>(Exit::done);
  }
  Table table{{{"site"}, {"scheduler"}, {"verified"}, {"partitions", true}, {"description"}}, {}};
  for (const auto& site : sites)
    table.rows.push_back({site.name, site.scheduler, site.verified_on.value_or("never"),
                          std::to_string(site.partitions.size()), site.description});
  print(session, table);
  return static_cast<int>(Exit::done);
}

// A name, a file, or nothing: the site of this machine.
SiteProfile profile_of(const Session& session, const std::string& said) {
  if (said.find('/') != said.npos || said.ends_with(".yaml")) return read_site(said);
  return choose_site(read_sites(session), said, here_of(session), true).profile;
}

int show_site(const Session& session, const Arguments& arguments) {
  const auto site = profile_of(session, operand(arguments));
  const auto rows = site_rows(site);
  session.say(site.file);
  if (session.json) {
    write_out(site_document(rows));
    return static_cast<int>(Exit::done);
  }
  Table table{{{"key"}, {"value"}, {"source"}}, {}};
  for (const auto& row : rows) table.rows.push_back({row.key, row.value, row.source});
  print(session, table);
  return static_cast<int>(Exit::done);
}

struct Asked {
  const Adapter* adapter;
  std::vector<PartitionLimits> live;
};

// What the scheduler of this machine says; `wanted` is the one that a profile names.
Asked ask_live(const Session& session, const std::string& wanted) {
  const auto here = here_of(session);
  const auto* adapter = find_adapter(wanted);
  if (adapter == nullptr) {
    std::vector<std::string> names;
    for (const auto* each : adapters()) names.emplace_back(each->name);
    throw Error(Exit::usage, fmt::format("no scheduler is called \"{}\"", printable(wanted)),
                "it is one of: " + join(names, ", "));
  }
  auto limits = ask_limits(*adapter, {}, here, false);
  if (!limits.seen)
    throw Error(Exit::refused, fmt::format("no {} answers here", adapter->name),
                "call this on a login node of that cluster");
  ask_nodes(*adapter, *limits.seen);
  return {adapter, std::move(*limits.seen)};
}

std::string today() { return show_utc(unix_now()).substr(0, 10); }

int check(const Session& session, const Arguments& arguments) {
  const auto site = profile_of(session, operand(arguments));
  const auto asked = ask_live(session, site.scheduler);
  const auto differences = site_differences(site, asked.live);
  const auto wrong = std::ranges::count(differences, true, &SiteDifference::counts);
  if (session.json) {
    write_out(site_check_document(differences));
  } else {
    Table table{{{"partition"}, {"what"}, {"profile"}, {"scheduler"}}, {}};
    for (const auto& each : differences)
      table.rows.push_back({each.partition, each.what, each.profile, each.live});
    if (!table.rows.empty()) print(session, table);
  }
  session.say(wrong > 0
                  ? fmt::format("site {}: {} difference{} between {} and the scheduler; pcluster "
                                "sites new NAME writes what the scheduler says",
                                site.name, wrong, wrong == 1 ? "" : "s", site.file)
                  : fmt::format("site {} is as the scheduler says; once submit, map and stop work "
                                "there, write verified_on: {} into {}",
                                site.name, today(), site.file));
  return static_cast<int>(wrong > 0 ? Exit::tasks_failed : Exit::done);
}

// To standard output, --output, or (--save) among the user's own.
void put(const Session& session, const Arguments& arguments, const std::string& name,
         const std::string& text) {
  auto file = arguments.text("output");
  if (!file && arguments.has("save")) {
    make_directories(own_sites(session));
    file = own_sites(session) + "/" + name + ".yaml";
  }
  if (!file) return write_out(text);
  if (exists(*file))
    throw Error(Exit::usage, fmt::format("{} is there already", printable(*file)),
                "remove it first, or write elsewhere with --output FILE");
  write_file(*file, text);
  session.say(fmt::format("{} is written; use it with: pcluster submit --site {}", *file,
                          arguments.text("output") ? *file : name));
}

// A part of paths and of command lines.
std::string site_name(const std::string& name) {
  const auto is_fine = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (name.empty() || name.front() == '.' || !std::ranges::all_of(name, is_fine))
    throw Error(Exit::usage, fmt::format("\"{}\" is no name for a site", printable(name)),
                "use letters, digits, - and _: pcluster sites new NAME");
  return name;
}

// The scheduler that was said, else the one that is here.
std::string scheduler_of(const Session& session, const Arguments& arguments) {
  if (const auto said = arguments.text("scheduler")) return *said;
  const auto chosen = choose_site(read_sites(session), "", here_of(session));
  if (chosen.adapter->probe.empty())
    throw Error(Exit::usage, "no scheduler is on this machine, and none is said",
                "give --scheduler NAME, or call this on a login node");
  return chosen.profile.scheduler;
}

int make_new(const Session& session, const Arguments& arguments) {
  const auto name = site_name(operand(arguments));
  const auto asked = ask_live(session, scheduler_of(session, arguments));
  const auto source = fmt::format("the live {} on {}", asked.adapter->name, today());
  const auto site = site_from_live(name, *asked.adapter, asked.live, source);
  put(session, arguments, name,
      site_yaml(site,
                "What the scheduler says of its partitions.  Add what it does not know: cushion, "
                "ports,\nscratch; partitions that are not for workers go to exclude:."));
  return static_cast<int>(Exit::done);
}

int import(const Session& session, const Arguments& arguments) {
  const auto file = operand(arguments);
  if (file.empty())
    throw Error(Exit::usage, "sites import: which file?", "write: pcluster sites import FILE");
  const auto text = read_file_if_there(file);
  if (!text)
    throw Error(Exit::usage, fmt::format("no file of partitions {}", printable(file)),
                "give the path of a partition file of Snakemake's executor");
  auto [site, notes] = import_partitions(*text, file);
  const auto base = file.substr(file.rfind('/') + 1);
  site.name = site_name(arguments.text("name").value_or(base.substr(0, base.find('.'))));
  site.scheduler = scheduler_of(session, arguments);
  std::string heading = "Imported from " + printable(file) + ".";
  for (const auto& note : notes) {
    session.say("not taken over: " + note);
    heading += "\nnot taken over: " + note;
  }
  put(session, arguments, site.name, site_yaml(site, heading));
  return static_cast<int>(Exit::done);
}

struct Action {
  std::string_view name;
  int (*run)(const Session&, const Arguments&);
};
constexpr Action actions[] = {
    {"list", list}, {"show", show_site}, {"check", check}, {"new", make_new}, {"import", import}};

int run_sites(const Session& session, const Arguments& arguments) {
  const auto& words = arguments.operands();
  const std::string name = words.empty() ? "list" : words.front();
  const auto* action = std::ranges::find(actions, name, &Action::name);
  if (action == std::end(actions)) {
    std::vector<std::string> names;
    for (const auto& each : actions) names.emplace_back(each.name);
    throw Error(
        Exit::usage,
        fmt::format("sites: unknown word \"{}\"{}", printable(name), did_you_mean(name, names)),
        "it is one of: " + join(names, ", "));
  }
  const std::size_t most = name == "list" ? 1 : 2;
  if (words.size() > most)
    throw Error(Exit::usage, fmt::format("sites: unexpected word \"{}\"", printable(words.back())),
                "see: pcluster sites --help");
  return action->run(session, arguments);
}

constexpr Option sites_options[] = {
    {"-o,--output", "FILE", "new, import: write the profile there"},
    {"--save", "", "new, import: write it to ~/.config/pcluster/sites, where --site NAME finds it"},
    {"--scheduler", "NAME", "new, import: of this scheduler (default: the one on this machine)",
     false, Completes::nothing},
    {"--name", "NAME", "import: the site's name (default: the file's)", false, Completes::nothing},
};

}  // namespace

const Verb verb_sites{
    .name = "sites",
    .summary = "profiles of computing centres: list, show, check, write one",
    .operands_name = "[list|show SITE|check SITE|new NAME|import FILE]",
    .operands = Operands::words,
    .options = sites_options,
    .more_options = {},
    .examples =
        "pcluster sites                             # which there are\n"
        "pcluster sites show esi                    # every value, and where it comes from\n"
        "pcluster sites check                       # this machine's site, against its scheduler\n"
        "pcluster sites new mylab --save            # then: pcluster submit --site mylab\n"
        "pcluster sites import partitions.yaml -o mylab.yaml",
    .run = run_sites,
    .description =
        "A profile says what a centre is like: scheduler, partitions, ports, limits. `check` "
        "compares one with the live scheduler and ends with 1 when they differ; what the profile "
        "does not say is listed and is no difference. `new` writes a profile of what the scheduler "
        "says, `import` one of a partition file of Snakemake's executor; fields that have no place "
        "in it are named. Profiles in ~/.config/pcluster/sites count before ours of the same name.",
};

}  // namespace pcluster
