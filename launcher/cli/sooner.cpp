// Asks the scheduler what it would do.
// SPDX-License-Identifier: MIT
#include "launcher/cli/sooner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/sites.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

constexpr int most_estimates = 8;
constexpr std::size_t most_pools = 2;

struct Question {
  const Session& session;
  const Adapter& adapter;
  JobSpec spec;
  std::vector<PartitionLimits> partitions;
  int left = most_estimates;
  bool silent = false;  // it has not answered once: it is not asked again

  std::optional<CommandResult> ask(const Argv& argv, std::string input = {}) {
    if (silent) return {};
    CommandOptions options;
    options.input = std::move(input);
    options.timeout = 5 * second;
    const auto said = run_command(argv, options);
    silent = said.timed_out;
    return CommandResult{said.exit_code, said.timed_out, said.out, said.err};
  }

  std::optional<Estimate> estimate(const JobSpec& asked) {
    if (left-- <= 0) return {};
    const auto& cluster = session.cluster;
    const JobIdentity job{cluster, fmt::format("pcl-{}-explain", cluster), "explain",
                          session.state().root, 1};
    const auto said = ask(adapter.estimate(asked), render_job_script(adapter, asked, job));
    return said ? adapter.estimated(*said) : std::nullopt;
  }
};

Micros unix_now() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

// The site's word on where workers may not go.
std::vector<std::string> excluded(const Session& session, const std::string& site) {
  try {
    for (const auto& profile : read_sites(session.share()))
      if (profile.name == site) return profile.exclude;
  } catch (const Error&) {  // a profile of the user's own, or none
  }
  return {};
}

const PartitionLimits* own_partition(const Question& question) {
  const auto& wanted = question.spec.partition;
  const auto found = std::ranges::find_if(question.partitions, [&](const PartitionLimits& limits) {
    return wanted.empty() ? limits.is_default : limits.name == wanted;
  });
  return found == question.partitions.end() ? nullptr : &*found;
}

// Those that would take the jobs, the smallest first: they are waited for least.
std::vector<PartitionLimits> others_that_fit(const Question& question, const std::string& own) {
  const auto barred = excluded(question.session, question.spec.site);
  std::vector<PartitionLimits> all;
  for (const auto& limits : question.partitions)
    if (limits.name != own && fits(question.spec, limits) &&
        std::ranges::find(barred, limits.name) == barred.end())
      all.push_back(limits);
  std::ranges::stable_sort(all, {}, [](const PartitionLimits& limits) {
    const auto memory = limits.max_memory_mb > 0 ? limits.max_memory_mb : limits.memory_mb_per_core;
    return std::pair(memory == 0, memory);
  });
  return all;
}

void add_reservation(Question& question, const PartitionLimits& own, Micros start_unix,
                     Hints& findings) {
  const auto& adapter = question.adapter;
  if (adapter.reservations == nullptr) return;
  const auto said = question.ask(adapter.reservations());
  if (!said) return;
  const auto all = adapter.reservations_seen(*said);
  const auto now = unix_now();
  const auto time = question.spec.time > 0 ? question.spec.time : own.max_time;
  const auto* found =
      in_the_way(all, question.spec, adapter.nodes_in(own.node_list), time, start_unix, now);
  if (found == nullptr) return;
  auto shorter = question.spec;
  shorter.time = time_before(*found, now);
  if (shorter.time > 0) {
    question.left = std::max(question.left, 1);
    const auto at = question.estimate(shorter);
    if (!at || at->start_unix >= found->start_unix) shorter.time = 0;
  }
  findings.emplace_back("reservation", reservation_text(*found, shorter.time, now));
}

void look_at_pool(Question& question, Hints& findings) {
  const auto said = question.ask(question.adapter.limits());
  auto limits = said ? question.adapter.limits_seen(*said) : std::nullopt;
  if (!limits) {
    findings.emplace_back("sooner", "the scheduler does not answer: nobody knows");
    return;
  }
  question.partitions = std::move(*limits);
  const auto* own = own_partition(question);
  if (own == nullptr) return;
  const auto here = question.estimate(question.spec);
  const StartChoice mine{own->name, here ? here->start_unix : 0};
  add_reservation(question, *own, mine.start_unix, findings);
  std::vector<StartChoice> others;
  for (const auto& each : others_that_fit(question, own->name)) {
    if (question.left <= 0 || question.silent) break;
    auto there = question.spec;
    there.partition = each.name;
    const auto at = question.estimate(there);
    if (at) others.push_back({each.name, at->start_unix});
    if (at && at->start_unix <= unix_now()) break;  // at once: none can be sooner
  }
  auto text = sooner_text(here ? &mine : nullptr, others, unix_now());
  if (!text.empty()) findings.emplace_back("sooner", std::move(text));
}

}  // namespace

Hints look_for_sooner(const Session& session, const Status& status) {
  Hints findings;
  std::size_t pools = 0;
  for (const auto& pool : status.pools) {
    const auto* adapter = find_adapter(pool.spec.adapter);
    const bool waits = std::ranges::any_of(status.jobs, [&](const JobRow& job) {
      return job.pool == pool.pool && job.state == JobState::pending;
    });
    if (!waits || adapter == nullptr || adapter->estimate == nullptr) continue;
    if (pools++ == most_pools) break;
    Question question{session, *adapter, pool.spec, {}};
    look_at_pool(question, findings);
  }
  return findings;
}

}  // namespace pcluster
