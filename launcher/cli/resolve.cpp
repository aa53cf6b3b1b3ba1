// Values by precedence, and the limits of the live partition.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/resolve_limits.hpp"
#include "launcher/cli/route.hpp"

namespace pcluster {
namespace {

template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& each : list) names.push_back(each.name);
  return names;
}

template <class List>
auto find_named(const List& list, const std::string& name) -> decltype(&list.front()) {
  const auto found = std::ranges::find_if(list, [&](const auto& e) { return e.name == name; });
  return found == list.end() ? nullptr : &*found;
}

std::string some_of(std::vector<std::string> names) {
  constexpr std::size_t most = 20;
  if (names.size() <= most) return join(names, ", ");
  names.resize(most);
  return join(names, ", ") + ", ...";
}

[[noreturn]] void unknown_partition(const std::string& name, const SiteProfile& site,
                                    const std::vector<std::string>& names) {
  throw Error(Exit::usage,
              fmt::format("unknown partition \"{}\" at site {}{}", printable(name), site.name,
                          did_you_mean(name, names)),
              "partitions: " + some_of(names));
}

void check_partition(const std::string& name, const SiteProfile& site, const LiveLimits& live) {
  if (name.empty()) return;
  if (live && !live->empty()) {
    if (find_named(*live, name) == nullptr) {
      auto names = names_of(*live);
      std::erase_if(names, [&](const std::string& n) {
        return std::ranges::find(site.exclude, n) != site.exclude.end();
      });
      unknown_partition(name, site, names);
    }
  } else if (!site.partitions.empty() && find_named(site.partitions, name) == nullptr &&
             std::ranges::find(site.exclude, name) == site.exclude.end()) {
    unknown_partition(name, site, names_of(site.partitions));
  }
  if (std::ranges::find(site.exclude, name) != site.exclude.end())
    throw Error(Exit::usage,
                fmt::format("partition {} of site {} is not for workers", name, site.name),
                "partitions: " + some_of(names_of(site.partitions)));
}

constexpr std::string_view by_default = "default", this_machine_says = "this machine";

std::string site_says(const SiteProfile& site) { return fmt::format("site {}", site.name); }

// The value that is used, and where it comes from: what was asked for, else `other`.
template <class T, class U>
T choose(Plan& plan, const Configuration& asked, std::string_view key, const std::optional<T>& said,
         U other, std::string_view from) {
  const auto origin = asked.origins.find(key);
  const bool known = said && origin != asked.origins.end();
  plan.origins.insert_or_assign(std::string(key), known ? origin->second : std::string(from));
  return said ? *said : static_cast<T>(other);
}

// The same of a text, where the site's may be empty.
std::string choose_text(Plan& plan, const Configuration& asked, std::string_view key,
                        const std::optional<std::string>& said, const SiteProfile& site,
                        const std::string& sites) {
  return choose(plan, asked, key, said, sites,
                sites.empty() ? std::string(by_default) : site_says(site));
}

// Nobody names a partition, but a size: the smallest that fits.
void choose_partition(Plan& plan, const Configuration& asked, const SiteProfile& site,
                      const LiveLimits& live, const Machine& machine) {
  plan.spec.partition =
      choose_text(plan, asked, "partition", asked.partition, site, site.default_partition);
  if (asked.partition) return;
  auto found = route(asked, site, live, machine.arch);
  if (!found) return;
  plan.spec.partition = found->partition;
  plan.origins["partition"] = "the smallest that fits";
  plan.notes.push_back(std::move(found->note));
}

constexpr Micros usual_warning = 90 * second;

// A tenth of a short job, at most, unless somebody says more.
void plan_end(Plan& plan, const Configuration& asked, const SiteProfile& site) {
  auto& spec = plan.spec;
  const auto usual = spec.time > 0 ? std::min(usual_warning, spec.time / 10) : usual_warning;
  spec.warning = choose(plan, asked, "warning", asked.warning, site.warning.value_or(usual),
                        site.warning ? site_says(site) : std::string(by_default));
  spec.time_min = choose(plan, asked, "time_min", asked.time_min, 0, by_default);
  if (spec.time > 0 && spec.time_min > spec.time)
    throw Error(Exit::usage,
                fmt::format("--time-min {} is more than the {} of --time",
                            show_duration(spec.time_min), show_duration(spec.time)),
                "--time-min says how short a job may be, --time how long");
}

// A job at a scheduler.
void plan_job(Plan& plan, const Configuration& asked, const SiteProfile& site,
              const LiveLimits& live, const Machine& machine) {
  auto& spec = plan.spec;
  choose_partition(plan, asked, site, live, machine);
  check_partition(spec.partition, site, live);
  const auto* limits = limits_of(spec.partition, live);
  const auto* preset = find_named(site.partitions, spec.partition);
  const auto from = [&](bool said) {
    return said ? preset_says(*preset, site.name) : std::string(by_default);
  };
  std::uint64_t nominal = choose(plan, asked, "memory", asked.memory_mb, 0,
                                 from(preset != nullptr && preset->memory_mb));
  spec.per_node.memory_mb = nominal;
  if (nominal == 0 && preset != nullptr) {
    nominal = preset->memory_mb.value_or(0);
    spec.per_node.memory_mb = std::max(nominal - std::min(nominal, site.memory_cushion_mb),
                                       preset->min_memory_mb.value_or(0));
  }
  const auto preset_cores = preset == nullptr ? std::nullopt
                            : preset->cores   ? preset->cores
                                              : preset->min_cores;
  spec.per_node.cores = choose(plan, asked, "cores", asked.cores, preset_cores.value_or(0),
                               from(preset_cores.has_value()));
  spec.per_node.gpus = choose(plan, asked, "gpus", asked.gpus, 0, by_default);
  spec.time = choose(plan, asked, "time", asked.time, 0, by_default);
  const LimitsOf known{limits, preset, &site, machine.arch};
  fill(plan, nominal, known);
  cap_all(plan, known);
  plan_end(plan, asked, site);
  if (spec.time == 0 && site.time_required)
    throw Error(Exit::usage,
                fmt::format("site {} wants the time of a job, and none is said", site.name),
                "give --time TIME, or time: in ~/.config/pcluster/config.yaml");
  const auto own = preset != nullptr && !preset->qos.empty();
  spec.qos = choose_text(plan, asked, "qos", asked.qos, site, own ? preset->qos : site.qos);
  spec.account = choose_text(plan, asked, "account", asked.account, site, site.account);
  require_account(asked, site, {});
  const auto offer = offer_of(spec.partition, site, live);
  const auto other = worker_binary_for(asked, site, offer, machine.arch);
  spec.worker_binary = choose(plan, asked, "worker_binary", asked.worker_binary, other,
                              other.empty() ? "this program" : site_says(site));
}

// Local workers share this machine's cores and memory.
void plan_local(Plan& plan, const Configuration& asked, const Machine& machine) {
  auto& spec = plan.spec;
  if (spec.nodes > 1) plan.notes.push_back("local jobs have one node each");
  spec.nodes = 1;
  for (const auto* key :
       {"partition", "account", "time_min", "warning", "qos", "gpus", "worker_binary"})
    plan.origins[key] = "no scheduler here";
  const auto share = std::max<std::uint32_t>(1, machine.cores / plan.jobs);
  spec.per_node.cores = choose(plan, asked, "cores", asked.cores, share, this_machine_says);
  // Memory goes with the cores, so that a later submit of as many cores has the same shape.
  const auto cores = spec.per_node.cores;
  const auto memory = machine.memory_mb * cores / std::max(machine.cores, cores);
  spec.per_node.memory_mb =
      choose(plan, asked, "memory", asked.memory_mb, memory, this_machine_says);
  spec.time = choose(plan, asked, "time", asked.time, 0, by_default);
  plan.share_of_machine = !asked.cores && !asked.memory_mb;
  note_shared_cores(plan, machine);
}

std::string no_scheduler_note(const std::string& partition) {
  std::vector<std::string> probes;
  for (const auto* adapter : adapters())
    if (!adapter->probe.empty() && std::ranges::find(probes, adapter->probe) == probes.end())
      probes.emplace_back(adapter->probe);
  return fmt::format(
      "no scheduler here ({} not on PATH): local workers instead of jobs in partition {}",
      join(probes, ", "), printable(partition));
}

// The site's lines, then the user's.
std::vector<std::string> joined(Plan& plan, const Configuration& asked, std::string_view key,
                                const SiteProfile& site, std::vector<std::string> sites,
                                const std::vector<std::string>& users) {
  std::vector<std::string> from;
  if (!sites.empty()) from.push_back(site_says(site));
  if (const auto said = asked.origins.find(key); said != asked.origins.end())
    from.push_back(said->second);
  plan.origins[std::string(key)] = from.empty() ? std::string(by_default) : join(from, ", ");
  sites.insert(sites.end(), users.begin(), users.end());
  return sites;
}

void plan_lists(Plan& plan, const Configuration& asked, const SiteProfile& site) {
  auto& spec = plan.spec;
  const auto both = [&](std::string_view key, const auto& sites, const auto& users) {
    return joined(plan, asked, key, site, sites, users);
  };
  auto of_site = site.setup;
  // Where workers look for it (mpi-runtime/worker_loop); the user's own lines come after.
  if (!site.login.empty())
    of_site.push_back("export PCLUSTER_LOGIN=" + shell_quote(join(site.login, " ")));
  spec.setup = both("setup", of_site, asked.setup);
  spec.prologue = both("prologue", site.prologue, asked.prologue);
  spec.epilogue = both("epilogue", site.epilogue, asked.epilogue);
  spec.directives = both("directives", site.directives, asked.directives);
  spec.drop_directives = both("drop_directives", site.drop_directives, asked.drop_directives);
  const std::vector<std::string> nobody;
  spec.exclude_nodes = both("exclude_nodes", nobody, asked.exclude_nodes);
  // The user's interface is instead of the site's, not beside it.
  const auto& users = asked.interface;
  plan.interface = both("interface", users.empty() ? site.interface : users, nobody);
  if (const auto said = asked.origins.find("interface"); said != asked.origins.end())
    plan.origins["interface"] = said->second;
}

// What is of the launcher and the wait for it, and of no job.
void plan_wait(Plan& plan, const Configuration& asked, const SiteProfile& site) {
  plan.pool = choose(plan, asked, "pool", asked.pool, plan.pool, by_default);
  plan.timeout = choose(plan, asked, "timeout", asked.timeout, site.timeout.value_or(plan.timeout),
                        site.timeout ? site_says(site) : std::string(by_default));
  plan.idle_timeout =
      choose(plan, asked, "idle_timeout", asked.idle_timeout, plan.idle_timeout, by_default);
  plan.orphan_timeout =
      choose(plan, asked, "orphan_timeout", asked.orphan_timeout, plan.orphan_timeout, by_default);
  plan.min_workers = choose(plan, asked, "min_workers", asked.min_workers, 1, by_default);
}

// What the scheduler has no directive for is left out, and that is said.
void note_left_out(Plan& plan, const Adapter& adapter) {
  const auto note = [&](bool said, bool known, std::string_view option) {
    if (said && !known)
      plan.notes.push_back(
          fmt::format("{} has no directive for --{}: it is left out; --directive "
                      "adds lines of your own",
                      adapter.name, option));
  };
  note(!plan.spec.qos.empty(), adapter.has_qos, "qos");
  note(!plan.spec.exclude_nodes.empty(), adapter.can_exclude, "exclude-node");
}

}  // namespace

void require_account(const Configuration& asked, const SiteProfile& site,
                     const std::vector<std::string>& accounts) {
  if (!site.account_required || !asked.account.value_or(site.account).empty()) return;
  throw Error(Exit::usage, fmt::format("site {} bills an account, and none is said", site.name),
              "give --account NAME, or account: in ~/.config/pcluster/config.yaml" +
                  (accounts.empty() ? "" : "; yours: " + some_of(accounts)));
}

Plan resolve(const Configuration& asked, const SiteProfile& site, const Adapter& adapter,
             const LiveLimits& live, const Machine& machine) {
  Plan plan;
  auto& spec = plan.spec;
  plan.jobs = choose(plan, asked, "jobs", asked.jobs, 1, by_default);
  spec.nodes = choose(plan, asked, "nodes", asked.nodes, 1, by_default);
  if (plan.jobs == 0 || spec.nodes == 0)
    throw Error(Exit::usage, "jobs and nodes must be at least 1", "see: pcluster submit --help");
  plan_wait(plan, asked, site);
  spec.site = site.name;
  spec.adapter = adapter.name;
  spec.slots =
      choose(plan, asked, "num_engines", asked.num_engines, site.slots_per_worker.value_or(0),
             site.slots_per_worker ? site_says(site) : std::string(by_default));
  spec.mem_mode = site.mem_mode;
  spec.local_directory = choose_text(plan, asked, "local_directory", asked.local_directory, site,
                                     site.local_directory);
  plan_lists(plan, asked, site);
  const bool any_port = site.ports == PortRange{};
  spec.ports = choose(plan, asked, "ports", asked.ports, site.ports,
                      any_port ? std::string(by_default) : site_says(site));
  spec.manners = site.manners;
  spec.mpi = site.mpi;
  plan.origins["mpi"] = spec.mpi == MpiSettings{} ? std::string(by_default) : site_says(site);
  const bool local_workers = adapter.probe.empty();
  if (local_workers && asked.partition) plan.notes.push_back(no_scheduler_note(*asked.partition));
  local_workers ? plan_local(plan, asked, machine) : plan_job(plan, asked, site, live, machine);
  note_left_out(plan, adapter);
  if (plan.min_workers > workers_of(plan))
    throw Error(Exit::usage,
                fmt::format("--min-workers {} is more than the {} workers asked for",
                            plan.min_workers, workers_of(plan)),
                "ask for more --jobs, or be content with fewer");
  return plan;
}

}  // namespace pcluster
