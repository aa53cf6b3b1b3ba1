// Reads the profiles and chooses one.
// SPDX-License-Identifier: MIT
#include "launcher/cli/sites.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

bool detected(const SiteProfile& site, const Surroundings& here) {
  const auto& names = site.detect_hostnames;
  const auto& paths = site.detect_paths;
  if (names.empty() && paths.empty()) return false;
  const bool named = names.empty() || std::ranges::any_of(names, [&](const std::string& glob) {
                       return matches(here.hostname, glob);
                     });
  const bool there = paths.empty() || std::ranges::any_of(paths, here.path_exists);
  return named && there;
}

const Adapter& adapter_of(const SiteProfile& site) {
  if (const auto* adapter = find_adapter(site.scheduler)) return *adapter;
  std::vector<std::string> names;
  for (const auto* each : adapters()) names.emplace_back(each->name);
  throw Error(Exit::usage,
              fmt::format("site {}: unknown scheduler \"{}\"{}", site.name, site.scheduler,
                          did_you_mean(site.scheduler, names)),
              "it is one of: " + join(names, ", "));
}

bool is_here(const Adapter& adapter, const Surroundings& here) {
  return adapter.probe.empty() || here.on_path(std::string(adapter.probe));
}

// Programs of the same name are several schedulers': who found a profile by the program alone asks.
bool answers(const Adapter& adapter, const Surroundings& here) {
  if (!is_here(adapter, here)) return false;
  return adapter.is_mine == nullptr || (here.ask && adapter.is_mine(here.ask(adapter.version)));
}

// A profile for any machine with this scheduler: it names no hosts and no paths.
bool is_generic(const SiteProfile& site) {
  return site.detect_hostnames.empty() && site.detect_paths.empty();
}

std::vector<std::string> names_of(const std::vector<SiteProfile>& sites) {
  std::vector<std::string> names;
  for (const auto& site : sites) names.push_back(site.name);
  return names;
}

const SiteProfile* find_site(const std::vector<SiteProfile>& sites, const std::string& name) {
  const auto found = std::ranges::find(sites, name, &SiteProfile::name);
  return found == sites.end() ? nullptr : &*found;
}

// The profile of a machine without scheduler.
const SiteProfile& laptop(const std::vector<SiteProfile>& sites) {
  for (const auto& site : sites)
    if (is_generic(site) && adapter_of(site).probe.empty()) return site;
  throw Error(Exit::usage, "no profile for local workers is installed",
              "PCLUSTER_SHARE must name a directory with site-configs/ and templates/");
}

ChosenSite said_site(const std::vector<SiteProfile>& sites, const std::string& said,
                     const Surroundings& here, bool absent_is_fine) {
  const auto names = names_of(sites);
  const auto* site = find_site(sites, said);
  if (site == nullptr)
    throw Error(Exit::usage, fmt::format("unknown site \"{}\"{}", said, did_you_mean(said, names)),
                "sites: " + join(names, ", ") + "; or the path of a profile of your own");
  ChosenSite chosen{*site, &adapter_of(*site), {}};
  if (is_here(*chosen.adapter, here)) return chosen;
  const auto missing = fmt::format("site {} needs {}, which is not on PATH here ({})", said,
                                   chosen.adapter->probe, here.hostname);
  if (!absent_is_fine)
    throw Error(Exit::usage, missing,
                "log in to a host that submits jobs, or leave --site out for local workers");
  chosen.notes.push_back(missing);
  return chosen;
}

}  // namespace

ChosenSite choose_site(const std::vector<SiteProfile>& sites, const std::string& said,
                       const Surroundings& here, bool absent_is_fine) {
  if (!said.empty()) return said_site(sites, said, here, absent_is_fine);
  std::vector<std::string> notes;
  for (const auto& site : sites) {
    if (!detected(site, here)) continue;
    const auto& adapter = adapter_of(site);
    if (is_here(adapter, here)) return {site, &adapter, {"site " + site.name}};
    notes.push_back(
        fmt::format("this looks like site {}, but {} is not on PATH", site.name, adapter.probe));
  }
  for (const auto& site : sites) {
    const auto& adapter = adapter_of(site);
    if (is_generic(site) && !adapter.probe.empty() && answers(adapter, here))
      return {site, &adapter, notes};
  }
  const auto& local_site = laptop(sites);
  return {local_site, &adapter_of(local_site), notes};
}

SiteProfile read_site(const std::string& file) { return parse_site(read_file(file), file); }

std::string own_sites(const Session& session) {
  const auto file = session.configuration_file();
  return file.substr(0, file.rfind('/')) + "/sites";
}

std::vector<SiteProfile> read_sites(const Session& session) {
  return read_sites(session.share(), own_sites(session));
}

std::vector<SiteProfile> read_sites(const std::string& share, const std::string& users) {
  std::vector<SiteProfile> sites;
  const auto ours = share + "/site-configs";
  for (const auto& directory : {users, ours}) {
    if (directory.empty() || !exists(directory)) continue;
    for (const auto& name : list_directory(directory)) {
      if (!name.ends_with(".yaml")) continue;
      auto site = read_site(directory + "/" + name);
      if (find_site(sites, site.name) == nullptr) sites.push_back(std::move(site));
    }
  }
  if (sites.empty())
    throw Error(Exit::usage, "no site profiles in " + ours,
                "PCLUSTER_SHARE must name a directory with site-configs/ and templates/");
  return sites;
}

Surroundings this_machine(const std::string& path_variable) {
  return {hostname(), [](const std::string& path) { return exists(path); },
          [path_variable](const std::string& program) {
            return find_program(program, path_variable).has_value();
          },
          [](const Argv& argv) -> CommandResult {
            CommandOptions patience;
            patience.timeout = 5 * second;
            const auto said = run_command(argv, patience);
            return {said.exit_code, said.timed_out, said.out, said.err};
          }};
}

}  // namespace pcluster
