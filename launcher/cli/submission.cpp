// From the command line, the configuration, the site and the live scheduler to a plan.
// SPDX-License-Identifier: MIT
#include "launcher/cli/submission.hpp"

#include <fmt/format.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/library.hpp"
#include "launcher/cli/machine.hpp"
#include "launcher/cli/settings.hpp"
#include "launcher/cli/sites.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

constexpr Option options[] = {
    {"-p,--partition,--queue", "NAME", "the partition (queue) that the jobs go to", false,
     Completes::partition},
    {"-n,--jobs", "N", "how many jobs (default 1)"},
    {"--nodes", "N", "nodes per job, one worker on each (default 1)"},
    {"-c,--cores", "N", "cores per node"},
    {"-m,--memory", "SIZE", "memory per node: 16G, 512M"},
    {"-t,--time", "TIME", "time limit of a job: 90m, 12h, 1-00:00:00"},
    {"-A,--account", "NAME", "the account (project) to bill"},
    {"--site", "NAME|FILE", "site profile (default: found by host name)", false, Completes::site},
    {"--local-directory", "DIR", "node-local scratch for tasks"},
    {"--slots-per-worker", "N", "tasks at a time per worker (default: the site's, else its cores)"},
    {"--directive", "TEXT", "one more directive for the job script", true},
    {"--drop-directive", "NAME", "leave one of ours out", true},
    {"--template", "FILE", "job script template of your own (docs/job-scripts.md)"},
    {"--setup", "LINE", "shell line before the worker starts: \"module load ...\"", true},
    {"--prologue", "LINE", "shell line between set-up and the worker", true},
    {"--epilogue", "LINE", "shell line after the worker, however it ended", true},
    {"--pool", "NAME", "the pool of the jobs (default: the one of their shape, else a new one)",
     false, Completes::pool},
    {"--timeout", "TIME", "how long to wait for workers (default 6m)"},
    {"--min-workers", "N", "at the timeout, be content with so many (default 1)"},
    {"--keep-queued", "", "at the timeout, leave pending jobs in the queue"},
    {"--no-wait", "", "return once the jobs are queued"},
    {"--idle-timeout", "TIME", "end jobs that had no task for so long (default 1h, 0 = never)"},
    {"--orphan-timeout", "TIME", "end workers that lost the launcher for so long (default 10m)"},
    {"--config", "FILE", "configuration (default ~/.config/pcluster/config.yaml)"},
    {"--take-over", "", "start the launcher here, though another host has it (which is lost)"},
    {"--slurm-via", "WORD", "lib: by its library; cli: by its commands (default auto)"},
    {"--dry-run", "", "print the job script and the command; start nothing"},
};

std::string beside(const std::string& file, const std::string& path) {
  const auto slash = file.rfind('/');
  return path.starts_with('/') || slash == file.npos ? path : file.substr(0, slash + 1) + path;
}

// Its template lies beside it, unless it says where.
std::optional<Configuration> read_configuration(const Session& session, const Arguments& arguments,
                                                const Flavour& flavour) {
  const auto said = flavour.file ? flavour.file : arguments.text("config");
  const auto file = said.value_or(session.configuration_file());
  if (const auto text = read_file_if_there(file)) {
    auto values = parse_configuration(*text, file);
    if (values.job_template)
      values.job_template =
          beside(file, expand_path(*values.job_template, session.variables, user_name()));
    return values;
  }
  if (said || flavour.configuration_required)
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
  if (!exists(said))
    throw Error(Exit::usage, fmt::format("no site profile {}", printable(said)),
                "write its path, or the name of one of ours: pcluster submit --site NAME");
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
Limits ask_limits(const Via& via, const Surroundings& here, bool dry) {
  const auto& adapter = *via.adapter;
  const auto argv = adapter.limits();
  if (!via.limits && (argv.empty() || !here.on_path(argv.front()))) return {};
  const auto output = via.limits ? *via.limits : ask_scheduler(argv);
  auto seen = adapter.limits_seen(output);
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
  Via via;
};

Via via_of(const ChosenSite& site, const Configuration& asked, const Surroundings& here, bool dry) {
  const auto& profiles = site.profile.slurm_via;
  const auto said = asked.slurm_via.value_or(profiles.empty() ? "auto" : profiles);
  // Where no scheduler is, nothing is asked: --dry-run.
  const auto& commands = *site.adapter;
  if (!here.on_path(std::string(commands.probe)) && dry) return {&commands, "", "", {}};
  return choose_via(commands, said, ask_scheduler, dry);
}

// The site, and what its live scheduler says.  A site that was only detected gives way when its
// scheduler turns out to be installed without a cluster.
Choice choose(const Session& session, const Configuration& asked, bool dry) {
  auto here = this_machine(variable(session.variables, "PATH"));
  auto found = find_site(session, asked, here, dry);
  auto via = via_of(found.site, asked, here, dry);
  found.site.adapter = via.adapter;
  auto limits = ask_limits(via, here, dry);
  if (limits.set_up) return {std::move(found), limits.seen, std::move(via)};
  const std::string probe(found.site.adapter->probe);
  if (asked.site)
    throw Error(Exit::usage,
                fmt::format("site {} needs a scheduler, and {} here says: {}", *asked.site, probe,
                            found.site.adapter->not_set_up),
                "log in to a host that submits jobs, or leave --site out for local workers");
  here.on_path = [others = here.on_path, probe](const std::string& program) {
    return program != probe && others(program);
  };
  auto other = find_site(session, asked, here, dry);
  return {other, {}, {other.site.adapter, "", "", {}}};
}

struct Template {
  std::string text, name;
};

// The user's, else the profile's, which lies beside it or among ours, else the scheduler's.
Template job_template(const std::optional<std::string>& own_file, const SiteProfile& site,
                      const std::string& beside, const Adapter& adapter, const std::string& share) {
  if (own_file) {
    if (auto own = read_file_if_there(*own_file)) return {std::move(*own), *own_file};
    throw Error(Exit::usage, fmt::format("no job template {}", printable(*own_file)),
                "copy one of " + share + "/templates and change it; see docs/job-scripts.md");
  }
  const auto name =
      site.job_template.empty() ? std::string(adapter.template_file) : site.job_template;
  if (!site.job_template.empty())
    if (auto own = read_file_if_there(beside + "/" + name)) return {std::move(*own), name};
  if (auto ours = read_file_if_there(share + "/templates/" + name)) return {std::move(*ours), name};
  throw Error(Exit::usage, fmt::format("site {} has no job template {}", site.name, name),
              fmt::format("job_template: is a file in {} or in {}/templates", beside, share));
}

JobIdentity example_job(const Submission& submission) {
  const std::string token = "TOKEN";  // a real submit makes a fresh one
  const auto& cluster = submission.session.cluster;
  const auto state = settled_state(submission.session, submission.state_dir);
  return {cluster, fmt::format("pcl-{}-{}", cluster, token), token, state.root,
          submission.plan.jobs};
}

// Of what resolve() does not choose.
void say_origins(Plan& plan, const Configuration& asked, const SiteProfile& site) {
  const auto said = [&](const char* key, std::string otherwise) {
    const auto origin = asked.origins.find(key);
    plan.origins[key] = origin != asked.origins.end() ? origin->second : std::move(otherwise);
  };
  said("cluster", "default");
  said("site", "found: what is on this machine");
  said("slurm_via", site.slurm_via.empty() ? "default" : "site " + site.name);
  said("template", site.job_template.empty() ? "default" : "site " + site.name);
}

// A new cluster of this name begins where a stopped one left its results.
void say_what_goes(const Session& session) {
  const auto state = session.state();
  const auto count = exists(state.stopped()) ? workloads_on_disk(state).size() : 0;
  if (count == 0) return;
  session.say(fmt::format("{} workload{} of the last session, with results and logs, {} removed",
                          count, count == 1 ? "" : "s", count == 1 ? "is" : "are"));
}

// The first submit shared this machine out among its workers; a later one that says no size wants
// more of the same, not smaller ones in a pool of their own.
void size_as_before(const Session& session, Plan& plan) {
  if (!plan.share_of_machine) return;
  auto client = Client::connect_if_there(session);
  if (!client) return;
  const auto wanted = plan.pool.empty() ? "default" : plan.pool;
  for (const auto& pool : client->ask<Status>(GetStatus{}).pools) {
    const bool alike = pool.pool == wanted && pool.wanted_jobs > 0;
    if (!alike || pool.spec.adapter != plan.spec.adapter) continue;
    plan.spec.per_node = pool.spec.per_node;
    note_shared_cores(plan, this_host());
  }
}

}  // namespace

void say_plan(const Submission& submission) {
  for (const auto& note : submission.plan.notes) submission.session.say(note);
  submission.session.say(request_line(submission.plan));
}

int print_dry(const Submission& submission) {
  say_plan(submission);
  const auto job = example_job(submission);
  const auto path = StateDirectory{job.directory}.jobs() + "/" + job.token + ".sh";
  auto command = submission.adapter->submit(path, submission.plan.spec, job);
  command.front() = own_program(command.front());
  write_out(submission.session.json
                ? script_document(submission.script, command)
                : submission.script + "\n# submitted with:\n#   " + shell_join(command) + "\n");
  return static_cast<int>(Exit::done);
}

std::span<const Option> submission_options() { return options; }

std::string configuration_in_use(const Session& session, const Arguments& arguments) {
  return arguments.text("config").value_or(session.configuration_file());
}

Submission prepare(const Session& session, const Arguments& arguments, const Flavour& flavour) {
  const bool dry = flavour.dry || arguments.has("dry-run");
  const auto file = read_configuration(session, arguments, flavour);
  auto asked = layer(settings_from(arguments), settings_from(session.variables));
  asked = layer(std::move(asked), file.value_or(Configuration{}));
  if (flavour.slot_per_core && !asked.num_engines) {
    asked.num_engines = 0;
    asked.origins["num_engines"] = "default of start";
  }

  Submission submission{session, nullptr, {}, {}, {}, {}, {}};
  if (asked.cluster) submission.session.use_cluster(*asked.cluster);
  const auto [found, live, via] = choose(session, asked, dry);
  const auto& [site, beside] = found;
  submission.adapter = site.adapter;
  submission.via = {via.word, via.why};
  auto& plan = submission.plan;
  plan = resolve(asked, site.profile, *site.adapter, live, this_host());
  plan.notes.insert(plan.notes.begin(), site.notes.begin(), site.notes.end());
  for (auto& note : unknown_variables(session.variables)) plan.notes.push_back(std::move(note));
  const auto [text, name] =
      job_template(asked.job_template, site.profile, beside, *site.adapter, session.share());
  submission.template_name = name;
  say_origins(plan, asked, site.profile);
  plan.spec.job_template = text;
  plan.spec.worker_binary = own_binary();
  plan.spec.local_directory =
      expand_path(plan.spec.local_directory, session.variables, user_name());
  submission.state_dir = site.profile.state_dir;
  // Rendered here first: a mistake in a template is told before anything is started.
  submission.script = render_job_script(*site.adapter, plan.spec, example_job(submission), name);
  return submission;
}

int submit(const Session& session, const Arguments& arguments, const Flavour& flavour) {
  auto submission = prepare(session, arguments, flavour);
  if (arguments.has("dry-run")) return print_dry(submission);
  size_as_before(submission.session, submission.plan);
  say_plan(submission);
  catch_interrupts();
  settle_state_directory(submission.session, submission.state_dir);
  say_what_goes(submission.session);
  auto launched = ensure_launcher(submission.session);
  return bring_up(submission, launched, {!arguments.has("no-wait"), arguments.has("keep-queued")});
}

}  // namespace pcluster
