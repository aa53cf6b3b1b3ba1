// `submit --here`: workers on the nodes of the allocation that this shell is in.
// SPDX-License-Identifier: MIT
#pragma once
#include "launcher/cli/resolve.hpp"
#include "launcher/cli/session.hpp"

namespace pcluster {

class Arguments;

struct Here {
  const Adapter* adapter = nullptr;  // that starts workers there
  Allocation allocation;
};

// Throws Error(Exit::usage) when this shell is in none, with how to get one, and on options that
// say what only a scheduler is told.  `site`: whose word counts, where several recognise it.
Here find_allocation(const Session&, const Arguments&, const Adapter& site);
// One job as large as the allocation: what was asked of a scheduler, and the site's part in that,
// are set aside.
void size_by(const Here&, Configuration& asked, SiteProfile&);

}  // namespace pcluster
