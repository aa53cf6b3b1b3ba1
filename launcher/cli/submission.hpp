// What `submit` and `start` share: from the command line to a plan, and to workers at home.
// SPDX-License-Identifier: MIT
#pragma once
#include <span>

#include "launcher/cli/resolve.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/model/messages.hpp"

namespace pcluster {

class Arguments;
struct Launched;

struct Submission {
  Session session;  // its cluster may come from the configuration
  const Adapter* adapter = nullptr;
  Plan plan;
  std::string state_dir;  // the site's
  std::string script;     // as it would be submitted, with "TOKEN" for its token
};

std::span<const Option> submission_options();

// `configuration_required`: `start`, which has its values from there.  `slot_per_core`: its slots
// are the cores unless something says otherwise.
struct Flavour {
  bool configuration_required = false, slot_per_core = false;
};
Submission prepare(const Session&, const Arguments&, Flavour);
int submit(const Session&, const Arguments&, Flavour);

struct WaitRules {
  bool wait = true, keep_queued = false;
};
// Sends the request, waits for the workers as the plan says, and prints what came of it.
int bring_up(const Submission&, Launched&, WaitRules);
// The same, of a request that was sent already; the plan says the shape and how long to wait.
int await_jobs(const Submission&, Launched&, const JobsAccepted&, WaitRules);

}  // namespace pcluster
