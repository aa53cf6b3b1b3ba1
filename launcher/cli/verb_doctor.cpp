// `pcluster doctor`: can workers come home here, and what do their nodes have?
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/doctor_report.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/settings.hpp"
#include "launcher/cli/submission.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

constexpr Option doctor_options[] = {
    {"--last", "", "print what was found the last time (of --site, else of any)"},
};

constexpr std::uint64_t enough_memory_mb = 1000;
constexpr Micros enough_time = 300 * second;

// One core for a few minutes gets through a queue soonest; what was said on the command line stays.
void make_small(Plan& plan, const Arguments& arguments) {
  auto& spec = plan.spec;
  plan.jobs = 1;
  spec.nodes = 1;
  spec.slots = 1;
  spec.per_node.gpus = 0;
  if (!arguments.has("cores")) spec.per_node.cores = 1;
  if (!arguments.has("memory"))
    spec.per_node.memory_mb = std::min(spec.per_node.memory_mb, enough_memory_mb);
  if (!arguments.has("time")) spec.time = enough_time;
}

int print(const Session& session, const DoctorReport& report) {
  write_out(session.json ? to_text(report) : table_text(report));
  return static_cast<int>(any_failed(report) ? Exit::tasks_failed : Exit::done);
}

int print_last(const Session& session, const Arguments& arguments) {
  const auto site = arguments.text("site").value_or("");
  const auto report = remembered(session, site);
  if (!report)
    throw Error(Exit::usage,
                fmt::format("doctor has not looked{} yet",
                            site.empty() ? "" : fmt::format(" at site {}", printable(site))),
                "let it look: pcluster doctor");
  session.say(fmt::format("site {}{}, seen from {} at {}", report->site,
                          report->partition.empty() ? "" : ", partition " + report->partition,
                          report->host, report->at));
  return print(session, *report);
}

int print_script(const Submission& submission) {
  const auto state = settled_state(submission.session, submission.state_dir);
  const auto job = probe_identity(state.root + "/doctor-TOKEN", "TOKEN");
  const auto script =
      render_job_script(*submission.adapter, submission.plan.spec, job, submission.template_name);
  const auto command = submission.adapter->submit(
      StateDirectory{job.directory}.jobs() + "/TOKEN.sh", submission.plan.spec, job);
  write_out(submission.session.json
                ? script_document(script, command)
                : script + "\n# submitted with:\n#   " + shell_join(command) + "\n");
  return static_cast<int>(Exit::done);
}

// What stops the probe before it runs is a finding too.
ProbeRun probe(const Submission& submission) {
  try {
    return run_probe(submission);
  } catch (const Error& error) {
    if (error.code() == Exit::interrupted) throw;
    ProbeRun run;
    run.problem = error.what();
    run.remedy = error.hint();
    return run;
  }
}

int run_doctor(const Session& session, const Arguments& arguments) {
  if (arguments.has("last")) return print_last(session, arguments);
  auto submission = prepare(session, arguments, {.file = {}});
  auto& plan = submission.plan;
  make_small(plan, arguments);
  if (arguments.has("dry-run")) return print_script(submission);
  catch_interrupts();
  const bool same_host = submission.adapter->limits().empty();
  const auto login = look_at_login(settled_state(submission.session, submission.state_dir));
  auto report = make_report(plan.spec.site, plan.spec.partition, login, probe(submission),
                            show_utc(unix_now()), same_host);
  if (const auto before = remembered_at(session, report.site)) keep_known(report, *before);
  remember(session, report);
  return print(session, report);
}

}  // namespace

const Verb verb_doctor{
    .name = "doctor",
    .summary = "can workers come home here, and what do their nodes have",
    .operands_name = "",
    .operands = Operands::none,
    .options = doctor_options,
    .more_options = submission_options(),
    .examples =
        "pcluster doctor --partition 16GBXL\n"
        "pcluster doctor --ports 60001-63000        # would these be open?\n"
        "pcluster doctor --last",
    .run = run_doctor,
    .description =
        "Sends one small job to the queue, as submit would, and tells what it finds, a line each "
        "with its remedy: which addresses of this host a node reaches, how late it sees the state "
        "directory, which scratch directory is on a disk of its own, MPI, clocks and limits, and "
        "on this host what would end the launcher. The job and its files are gone at the end. It "
        "ends with 1 when a line failed; what was found is remembered per site, and submit says "
        "what matters of it.",
    .environment = settings_environment,
};

}  // namespace pcluster
