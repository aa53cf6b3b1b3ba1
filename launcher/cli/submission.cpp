// From the command line, the configuration, the site and the live scheduler to a plan.
// SPDX-License-Identifier: MIT
#include "launcher/cli/submission.hpp"

#include <fmt/format.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/machine.hpp"
#include "launcher/cli/settings.hpp"
#include "launcher/cli/sites.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

constexpr Option options[] = {
    {"-p,--partition,--queue", "NAME", "the partition (queue) that the jobs go to"},
    {"-n,--jobs", "N", "how many jobs (default 1)"},
    {"--nodes", "N", "nodes per job, one worker on each (default 1)"},
    {"-c,--cores", "N", "cores per node"},
    {"-m,--memory", "SIZE", "memory per node: 16G, 512M"},
    {"-t,--time", "TIME", "time limit of a job: 90m, 12h, 1-00:00:00"},
    {"-A,--account", "NAME", "the account (project) to bill"},
    {"--site", "NAME|FILE", "site profile (default: found by host name)"},
    {"--local-directory", "DIR", "node-local scratch for tasks"},
    {"--slots-per-worker", "N", "tasks at a time per worker (default: the site's, else its cores)"},
    {"--directive", "TEXT", "one more directive for the job script", true},
    {"--drop-directive", "NAME", "leave one of ours out", true},
    {"--setup", "LINE", "shell line before the worker starts: \"module load ...\"", true},
    {"--pool", "NAME", "the pool of the jobs (default: the one of their shape, else a new one)"},
    {"--timeout", "TIME", "how long to wait for workers (default 6m)"},
    {"--min-workers", "N", "at the timeout, be content with so many (default 1)"},
    {"--keep-queued", "", "at the timeout, leave pending jobs in the queue"},
    {"--no-wait", "", "return once the jobs are queued"},
    {"--idle-timeout", "TIME", "end jobs that had no task for so long (default 1h, 0 = never)"},
    {"--orphan-timeout", "TIME", "end workers that lost the launcher for so long (default 10m)"},
    {"--config", "FILE", "configuration (default ~/.config/pcluster/config.yaml)"},
    {"--dry-run", "", "print the job script and the command; start nothing"},
};

std::optional<Configuration> read_configuration(const Session& session, const Arguments& arguments,
                                                bool required) {
  const auto said = arguments.text("config");
  const auto file = said.value_or(session.configuration_file());
  const auto text = read_file_if_there(file);
  if (text) return parse_configuration(*text, file);
  if (said || required)
    throw Error(Exit::usage, fmt::format("no configuration file {}", file),
                "it holds the values of submit, one a line: \"partition: NAME\", \"jobs: 10\"");
  return {};
}

struct Found {
  ChosenSite site;
  std::string beside;  // directory of the profile
};

Found find_site(const Session& session, const Configuration& asked, const Surroundings& here,
                bool absent_is_fine) {
  const auto said = asked.site.value_or("");
  const bool is_file = said.find('/') != said.npos || said.ends_with(".yaml");
  if (!is_file)
    return {choose_site(read_sites(session.share()), said, here, absent_is_fine),
            session.share() + "/site-configs"};
  const auto profile = read_site(said);
  const auto slash = said.rfind('/');
  return {choose_site({profile}, profile.name, here, absent_is_fine),
          slash == said.npos ? "." : said.substr(0, slash)};
}

struct Limits {
  LiveLimits seen;
  bool set_up = true;  // false: the scheduler's programs are here, but no cluster is
};

// Asked before anything is submitted: a partition's name is checked while nothing has happened yet.
Limits ask_limits(const Adapter& adapter, const Surroundings& here, bool dry) {
  const auto argv = adapter.limits();
  if (argv.empty() || !here.on_path(argv.front())) return {};
  CommandOptions patience;
  patience.timeout = 20 * second;
  const auto output = run_command(argv, patience);
  auto seen = adapter.limits_seen({output.exit_code, output.timed_out, output.out, output.err});
  if (seen || dry) return {seen};
  if (!adapter.not_set_up.empty() && output.err.find(adapter.not_set_up) != output.err.npos)
    return {{}, false};
  const auto words = lines(output.err);
  throw Error(Exit::refused,
              fmt::format("the scheduler does not answer: {}",
                          !words.empty() ? printable(words.front())
                                         : fmt::format("{} gave nothing", shell_join(argv))),
              "nothing was submitted; try again when it is back");
}

struct Choice {
  Found found;
  LiveLimits live;
};

// The site, and what its live scheduler says.  A site that was only detected gives way when its
// scheduler turns out to be installed without a cluster.
Choice choose(const Session& session, const Configuration& asked, bool dry) {
  auto here = this_machine(variable(session.variables, "PATH"));
  auto found = find_site(session, asked, here, dry);
  auto limits = ask_limits(*found.site.adapter, here, dry);
  if (limits.set_up) return {std::move(found), limits.seen};
  const std::string probe(found.site.adapter->probe);
  if (asked.site)
    throw Error(Exit::usage,
                fmt::format("site {} needs a scheduler, and {} here says: {}", *asked.site, probe,
                            found.site.adapter->not_set_up),
                "log in to a host that submits jobs, or leave --site out for local workers");
  here.on_path = [others = here.on_path, probe](const std::string& program) {
    return program != probe && others(program);
  };
  return {find_site(session, asked, here, dry), {}};
}

struct Template {
  std::string text, name;
};

// A profile's own template lies beside it, or among ours.
Template job_template(const SiteProfile& site, const std::string& beside, const Adapter& adapter,
                      const std::string& share) {
  const auto name =
      site.job_template.empty() ? std::string(adapter.template_file) : site.job_template;
  if (!site.job_template.empty())
    if (auto own = read_file_if_there(beside + "/" + name)) return {std::move(*own), name};
  return {read_file(share + "/templates/" + name), name};
}

JobIdentity example_job(const Submission& submission) {
  const std::string token = "TOKEN";  // a real submit makes a fresh one
  const auto& cluster = submission.session.cluster;
  return {cluster, fmt::format("pcl-{}-{}", cluster, token), token, submission.session.state().root,
          submission.plan.jobs};
}

int print_dry(const Submission& submission) {
  const auto job = example_job(submission);
  const auto path = submission.session.state().jobs() + "/" + job.token + ".sh";
  const auto command = submission.adapter->submit(path, submission.plan.spec, job);
  write_out(submission.session.json
                ? script_document(submission.script, command)
                : submission.script + "\n# submitted with:\n#   " + shell_join(command) + "\n");
  return static_cast<int>(Exit::done);
}

}  // namespace

std::span<const Option> submission_options() { return options; }

Submission prepare(const Session& session, const Arguments& arguments, Flavour flavour) {
  const bool dry = arguments.has("dry-run");
  const auto file = read_configuration(session, arguments, flavour.configuration_required);
  auto asked = layer(settings_from(arguments), settings_from(session.variables));
  asked = layer(std::move(asked), file.value_or(Configuration{}));
  if (flavour.slot_per_core && !asked.num_engines) asked.num_engines = 0;

  Submission submission{session, nullptr, {}, {}, {}};
  if (asked.cluster) submission.session.use_cluster(*asked.cluster);
  const auto [found, live] = choose(session, asked, dry);
  const auto& [site, beside] = found;
  submission.adapter = site.adapter;
  auto& plan = submission.plan;
  plan = resolve(asked, site.profile, *site.adapter, live, this_host());
  plan.notes.insert(plan.notes.begin(), site.notes.begin(), site.notes.end());
  const auto [text, name] = job_template(site.profile, beside, *site.adapter, session.share());
  plan.spec.job_template = text;
  plan.spec.worker_binary = own_binary();
  plan.spec.local_directory =
      expand_path(plan.spec.local_directory, session.variables, user_name());
  submission.state_dir = site.profile.state_dir;
  // Rendered here first: a mistake in a template is told before anything is started.
  submission.script = render_job_script(*site.adapter, plan.spec, example_job(submission), name);
  return submission;
}

int submit(const Session& session, const Arguments& arguments, Flavour flavour) {
  const auto submission = prepare(session, arguments, flavour);
  for (const auto& note : submission.plan.notes) session.say(note);
  session.say(request_line(submission.plan));
  if (arguments.has("dry-run")) return print_dry(submission);
  catch_interrupts();
  settle_state_directory(submission.session, submission.state_dir);
  auto launched = ensure_launcher(submission.session);
  return bring_up(submission, launched, {!arguments.has("no-wait"), arguments.has("keep-queued")});
}

}  // namespace pcluster
