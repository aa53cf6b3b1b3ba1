// `pcluster smoke`: does MPI work on the workers, and what is installed there?
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/smoke_rows.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {
namespace {

constexpr Option smoke_options[] = {
    {"--np", "N", "over how many ranks (also -np N, -n N; default 2)"},
    {"-t,--time", "TIME", "for each run (default 2m)"},
    {"--env", "K[=V]", "set a variable of what is run; K alone takes this shell's value", true},
};

std::string line_of(const CheckView& check) {
  auto text = fmt::format("{:<25}{}", check.name, replace_all(check.state, "_", " "));
  if (!check.detail.empty()) text += ": " + check.detail;
  return text + "\n";
}

int run_smoke(const Session& session, const Arguments& arguments) {
  auto client = reach_launcher(session);
  catch_interrupts();
  Smoke smoke{.session = session,
              .client = client,
              .ranks = arguments.number("np", 1).value_or(2),
              .time_limit = arguments.duration("time").value_or(120 * second),
              .environment = said_environment(session.variables, arguments.all("env")),
              .status = client.ask<Status>(GetStatus{})};
  std::vector<CheckView> views;
  for (const auto& row : smoke_rows()) {
    auto& view = views.emplace_back(row.try_it(smoke));
    view.name = row.name;
    if (interrupts() > 0) throw Error(Exit::interrupted, "interrupted");
    if (!session.json) write_out(line_of(view));
  }
  if (session.json) write_out(checks_document(views));
  const bool failed = std::ranges::any_of(views, [](const auto& v) { return v.state == "failed"; });
  return static_cast<int>(failed ? Exit::tasks_failed : Exit::done);
}

}  // namespace

const Verb verb_smoke{
    .name = "smoke",
    .summary = "does MPI work on the workers, and what is installed there",
    .operands_name = "",
    .operands = Operands::none,
    .options = smoke_options,
    .more_options = {},
    .examples = "pcluster smoke -np 2",
    .run = run_smoke,
    .description =
        "Tries on workers what models need, a line each: an MPI program over N ranks and a known "
        "sum, on which cores its ranks are, latency and bandwidth within a host and between hosts "
        "and the transport in use, NEURON, a ring network whose spikes must be the same on 1, 2 "
        "and 4 ranks, mpi4py. It names the variable, interface or limit at fault where it can, and "
        "ends with 1 when something that is installed does not work.",
};

}  // namespace pcluster
