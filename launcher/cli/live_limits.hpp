// What the live scheduler allows: its partitions, and limits that stand elsewhere.
// SPDX-License-Identifier: MIT
#pragma once
#include "launcher/cli/resolve.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/cli/sites.hpp"

namespace pcluster {

struct Limits {
  LiveLimits seen;
  bool set_up = true;  // false: the scheduler's programs are here, but no cluster is
};
// Asked before anything is submitted: a partition's name is checked while nothing has happened yet.
// `known`: what it has answered to the same question just now.  Throws Error(Exit::refused) when
// the scheduler does not answer, unless `dry`.
Limits ask_limits(const Adapter&, const std::optional<CommandResult>& known, const Surroundings&,
                  bool dry);

// The others, where the scheduler has them.  Slow answers are kept for ten minutes beside the
// cluster's state; none at all is no mistake: the scheduler says so itself, later.
void ask_further(const Session&, const Adapter&, const Submitter&, const Surroundings&,
                 LiveLimits&);

// The manners of the plan's jobs: the smaller of the site's and the live ones; and a note where
// more is asked for than the user may have.
void keep_to(const LiveLimits&, Plan&);

}  // namespace pcluster
