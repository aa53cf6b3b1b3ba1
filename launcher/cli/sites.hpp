// Which site we are at: said, or found by host name and paths.  Choosing is pure; reading the
// profiles is not.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "launcher/script/site.hpp"

namespace pcluster {

struct Surroundings {  // what detection may look at
  std::string hostname;
  std::function<bool(const std::string& path)> path_exists;
  std::function<bool(const std::string& program)> on_path;
  std::function<CommandResult(const Argv&)> ask;  // runs a command; null: nothing can be asked
};

struct ChosenSite {
  SiteProfile profile;
  const Adapter* adapter = nullptr;
  std::vector<std::string> notes;  // for people: what was found, what is missing
};

// `said`: by --site, PCLUSTER_SITE or the configuration; empty: detect.  A site that was said, but
// whose scheduler is not here, is an Error(Exit::usage) unless `absent_is_fine` (--dry-run); one
// that was detected gives way to local workers, and a note says so.
ChosenSite choose_site(const std::vector<SiteProfile>&, const std::string& said,
                       const Surroundings&, bool absent_is_fine = false);

struct Session;
// All of site-configs/, and the user's own, which count before ours of the same name.
std::vector<SiteProfile> read_sites(const Session&);
std::vector<SiteProfile> read_sites(const std::string& share, const std::string& users = {});
std::string own_sites(const Session&);  // where the user's are: ~/.config/pcluster/sites
SiteProfile read_site(const std::string& file);
Surroundings this_machine(const std::string& path_variable);

}  // namespace pcluster
