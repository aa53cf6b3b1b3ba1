// From the command line, the configuration, the site and the live scheduler to a plan.
// SPDX-License-Identifier: MIT
#include "launcher/cli/submission.hpp"

#include <fmt/format.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/doctor_report.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/here.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/library.hpp"
#include "launcher/cli/live.hpp"
#include "launcher/cli/live_limits.hpp"
#include "launcher/cli/machine.hpp"
#include "launcher/cli/route.hpp"
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
    {"--time-min", "TIME", "a job of this time would do: it may begin sooner, and ends sooner"},
    {"--warning", "TIME", "no more tasks so long before a job's end (default 90s, 0 = never)"},
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
    {"--here", "", "workers on the nodes of the allocation that this shell is in; no new job"},
    {"--qos", "NAME", "the quality of service of the jobs"},
    {"--gpus", "N", "GPUs per node"},
    {"--ports", "A-B", "where the launcher and the workers may listen (default: any port)"},
    {"--interface", "NAME|GLOB", "the launcher's addresses that workers call: eth0, 172.18.90.*",
     true, Completes::nothing},
    {"--exclude-node", "NAME", "no job on this node", true},
    {"--worker-binary", "FILE", "pcluster for the nodes, where they are of another architecture"},
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

ChosenSite find_site(const Session& session, const Configuration& asked, const Surroundings& here,
                     bool absent_is_fine) {
  const auto said = asked.site.value_or("");
  const bool is_file = said.find('/') != said.npos || said.ends_with(".yaml");
  if (!is_file) return choose_site(read_sites(session), said, here, absent_is_fine);
  if (!exists(said))
    throw Error(Exit::usage, fmt::format("no site profile {}", printable(said)),
                "write its path, or the name of one of ours: pcluster submit --site NAME");
  const auto profile = read_site(said);
  return choose_site({profile}, profile.name, here, absent_is_fine);
}

struct Choice {
  ChosenSite site;
  LiveLimits live;
  Via via;
};

// The site, and what its live scheduler says.  A site that was only detected gives way when its
// scheduler turns out to be installed without a cluster.
Choice choose(const Session& session, const Configuration& asked, bool dry) {
  auto here = this_machine(variable(session.variables, "PATH"));
  auto found = find_site(session, asked, here, dry);
  auto via = via_of(found, asked, here, dry);
  const auto& adapter = *(found.adapter = via.adapter);
  auto limits = ask_limits(adapter, via.limits, here, dry);
  if (limits.set_up) {
    if (limits.seen && route_needs_nodes(asked, found.profile)) ask_nodes(adapter, *limits.seen);
    const auto account = asked.account.value_or(found.profile.account);
    if (found.profile.account_required && account.empty())
      require_account(asked, found.profile, ask_accounts(adapter, here, user_name()));
    ask_further(session, adapter, {user_name(), account, asked.qos.value_or(found.profile.qos)},
                here, limits.seen);
    return {std::move(found), limits.seen, std::move(via)};
  }
  const std::string probe(adapter.probe);
  if (asked.site)
    throw Error(Exit::usage,
                fmt::format("site {} needs a scheduler, and {} here says: {}", *asked.site, probe,
                            adapter.not_set_up),
                "log in to a host that submits jobs, or leave --site out for local workers");
  here.on_path = [others = here.on_path, probe](const std::string& program) {
    return program != probe && others(program);
  };
  auto other = find_site(session, asked, here, dry);
  return {other, {}, {other.adapter, "", "", {}}};
}

std::string directory_of(const std::string& file) {
  const auto slash = file.rfind('/');
  return slash == file.npos ? "." : file.substr(0, slash);
}

struct Template {
  std::string text, name;
};

// The user's, else the profile's, which lies beside it or among ours, else the scheduler's.
Template job_template(const std::optional<std::string>& own_file, const SiteProfile& site,
                      const Adapter& adapter, const std::string& share) {
  if (own_file) {
    if (auto own = read_file_if_there(*own_file)) return {std::move(*own), *own_file};
    throw Error(Exit::usage, fmt::format("no job template {}", printable(*own_file)),
                "copy one of " + share + "/templates and change it; see docs/job-scripts.md");
  }
  const auto name =
      site.job_template.empty() ? std::string(adapter.template_file) : site.job_template;
  const auto directory = directory_of(site.file);
  if (!site.job_template.empty())
    if (auto own = read_file_if_there(directory + "/" + name)) return {std::move(*own), name};
  if (auto ours = read_file_if_there(share + "/templates/" + name)) return {std::move(*ours), name};
  throw Error(Exit::usage, fmt::format("site {} has no job template {}", site.name, name),
              fmt::format("job_template: is a file in {} or in {}/templates", directory, share));
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
  auto [site, live, via] = choose(session, asked, dry);
  if (arguments.has("here")) {
    const auto here = find_allocation(session, arguments, *site.adapter);
    size_by(here, asked, site.profile);
    site.adapter = here.adapter;
    live = {};
    via = {here.adapter, "", "", {}};
  }
  submission.adapter = site.adapter;
  submission.via = {via.word, via.why};
  auto& plan = submission.plan;
  plan = resolve(asked, site.profile, *site.adapter, live, this_host());
  keep_to(live, plan);
  plan.notes.insert(plan.notes.begin(), site.notes.begin(), site.notes.end());
  for (auto& note : unknown_variables(session.variables)) plan.notes.push_back(std::move(note));
  const auto [text, name] =
      job_template(asked.job_template, site.profile, *site.adapter, session.share());
  submission.template_name = name;
  say_origins(plan, asked, site.profile);
  plan.spec.job_template = text;
  if (plan.spec.worker_binary.empty()) plan.spec.worker_binary = own_binary();
  plan.spec.local_directory =
      expand_path(plan.spec.local_directory, session.variables, user_name());
  submission.state_dir = site.profile.state_dir;
  // Rendered here first: a mistake in a template is told before anything is started.
  submission.script = render_job_script(*site.adapter, plan.spec, example_job(submission), name);
  return submission;
}

int submit(const Session& session, const Arguments& arguments, const Flavour& flavour) {
  auto submission = prepare(session, arguments, flavour);
  auto& plan = submission.plan;
  const auto seen = remembered_at(session, plan.spec.site);
  if (seen)
    for (auto& note : notes_from(*seen, plan.spec, hostname()))
      plan.notes.push_back(std::move(note));
  if (arguments.has("dry-run")) return print_dry(submission);
  size_as_before(submission.session, plan);
  say_plan(submission);
  catch_interrupts();
  settle_state_directory(submission.session, submission.state_dir);
  say_what_goes(submission.session);
  const bool same_host = seen && seen->host == hostname();
  auto launched = ensure_launcher(submission.session,
                                  Listening{submission.plan.spec.ports, submission.plan.interface,
                                            same_host ? seen->reached : Argv{}});
  return bring_up(submission, launched, {!arguments.has("no-wait"), arguments.has("keep-queued")});
}

}  // namespace pcluster
