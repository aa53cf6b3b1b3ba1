// Sends a workload of many tasks and sees it through.
// SPDX-License-Identifier: MIT
#include "launcher/cli/dispatch.hpp"

#include "launcher/cli/follow.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {

int dispatch(const Session& session, Client& client, WorkloadSpec spec, bool detach,
             const std::function<void(const WorkloadAccepted&)>& said) {
  if (auto* trials = std::get_if<TrialLines>(&spec.trials))
    spec.trials = place_trials(std::move(*trials), session.state());
  catch_interrupts();
  const auto accepted = add_workload(client, spec, !detach);
  if (said) said(accepted);
  if (detach) return print_detached(session, accepted, spec);
  return conclude(session, follow(session, client, accepted.workload, {}), spec);
}

}  // namespace pcluster
