// `pcluster smoke`: does MPI work on the workers, and what is installed there?
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/one_program.hpp"
#include "launcher/cli/smoke_checks.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {
namespace {

constexpr Option options[] = {
    {"--np", "N", "over how many ranks (also -np N, -n N; default 2)"},
    {"-t,--time", "TIME", "for each check (default 2m)"},
};

struct Smoke {
  const Session& session;
  Client& client;
  std::uint32_t ranks;
  Micros time_limit;
  bool mpiexec = true;  // found
};

ProgramEnd run_on_worker(Smoke& smoke, std::vector<std::string> argv, std::uint32_t ranks) {
  WorkloadSpec spec;
  spec.verb = "smoke";
  spec.task.argv = std::move(argv);
  spec.task.directory = smoke.session.state().root;
  spec.task.sent = sent_environment(smoke.session.variables);
  spec.task.ranks = ranks;
  spec.task.time_limit = smoke.time_limit;
  return run_quietly(smoke.session, smoke.client, spec, smoke.time_limit);
}

// One line for people: the last that is not empty.
std::string last_line(const std::string& output) {
  const auto all = lines(output);
  const auto last = std::find_if(all.rbegin(), all.rend(),
                                 [](const std::string& line) { return !trim(line).empty(); });
  return last == all.rend() ? std::string() : printable(trim(*last));
}

std::string reason(const ProgramEnd& end) {
  if (!end.message.empty()) return printable(end.message);
  const auto line = last_line(end.out);
  return line.empty() ? fmt::format("exit code {}", end.code)
                      : fmt::format("exit code {}: {}", end.code, line);
}

CheckView try_one(Smoke& smoke, const SmokeCheck& check) {
  const auto present = run_on_worker(smoke, {"/bin/sh", "-c", check.present}, 0);
  if (present.code == not_installed) return {check.name, "not_installed", ""};
  if (present.code != 0) return {check.name, "failed", reason(present)};
  const auto detail = last_line(present.out);
  if (check.split.empty()) return {check.name, "ok", detail};
  if (!smoke.mpiexec) return {check.name, "not_installed", "no mpiexec to split it with"};
  const auto end = run_on_worker(smoke, check.split, smoke.ranks);
  if (end.code != 0) return {check.name, "failed", reason(end)};
  if (const auto missing = missing_ranks(end.out, smoke.ranks))
    return {check.name, "failed", *missing};
  return {check.name, "ok", fmt::format("{} ranks; {}", smoke.ranks, detail)};
}

std::string line_of(const CheckView& check) {
  auto text = fmt::format("{:<25}{}", check.name,
                          check.state == "not_installed" ? "not installed" : check.state);
  if (!check.detail.empty()) text += ": " + check.detail;
  return text + "\n";
}

int run(const Session& session, const Arguments& arguments) {
  auto client = reach_launcher(session);
  catch_interrupts();
  Smoke smoke{session, client, arguments.number("np", 1).value_or(2),
              arguments.duration("time").value_or(120 * second)};
  std::vector<CheckView> views;
  const auto source = session.share() + "/probe/probe.c";
  for (const auto& check : smoke_checks(source, session.state().root + "/mpi-probe")) {
    views.push_back(try_one(smoke, check));
    if (interrupts() > 0) throw Error(Exit::interrupted, "interrupted");
    if (check.name == "mpiexec" && views.back().state != "ok") smoke.mpiexec = false;
    if (!session.json) write_out(line_of(views.back()));
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
    .options = options,
    .more_options = {},
    .examples = "pcluster smoke -np 2",
    .run = run,
    .description =
        "Tries on a worker what models need: MPI programs over several ranks, NEURON, mpi4py, and "
        "says what is missing. It ends with 1 when something that is installed does not work.",
};

}  // namespace pcluster
