// Whether a scheduler is asked by its commands or by our program over its library.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "adapters/adapter.hpp"
#include "launcher/cli/sites.hpp"

namespace pcluster {

struct Via {
  const Adapter* adapter = nullptr;
  std::string word;                     // "lib", "cli"; empty: this scheduler has no library
  std::string why;                      // the commands, or not quite the same
  std::optional<CommandResult> limits;  // what finding out gave, of that adapter
};

// `said`: "auto", "lib", "cli".  Auto takes the library where it is as good as the commands. Throws
// Error(Exit::usage) when it is wanted and cannot be used, unless `dry`.
Via choose_via(const Adapter& commands, const std::string& said,
               const std::function<CommandResult(const Argv&)>& ask, bool dry);

// The same for a site, of what was asked or its profile says.
Via via_of(const ChosenSite&, const Configuration& asked, const Surroundings&, bool dry);

// A command of an adapter, run: what it wants to know is wanted now.
CommandResult ask_scheduler(Argv);

}  // namespace pcluster
