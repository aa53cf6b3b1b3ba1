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
  std::string template_name;
  struct {
    std::string word, why;  // "lib" or "cli", and why not the other
  } via;
};

std::span<const Option> submission_options();

// `configuration_required`: `start`, which has its values from there.  `slot_per_core`: its slots
// are the cores unless something says otherwise.  `dry`: nothing will be submitted, so that a
// scheduler that is away is no mistake.  `file`: instead of --config.
struct Flavour {
  bool configuration_required = false, slot_per_core = false, dry = false;
  std::optional<std::string> file;
};
Submission prepare(const Session&, const Arguments&, const Flavour&);
void say_plan(const Submission&);  // notes, and what is asked for
int print_dry(const Submission&);  // those, the script and the command; an exit code
int submit(const Session&, const Arguments&, const Flavour&);
std::string configuration_in_use(const Session&, const Arguments&);  // its path, there or not

struct WaitRules {
  bool wait = true, keep_queued = false;
};
// Sends the request, waits for the workers as the plan says, and prints what came of it.
int bring_up(const Submission&, Launched&, WaitRules);
// The same, of a request that was sent already; the plan says the shape and how long to wait.
int await_jobs(const Submission&, Launched&, const JobsAccepted&, WaitRules);

}  // namespace pcluster
