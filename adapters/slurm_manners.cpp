// Limits of Slurm's that are no partition's: the largest array, and what accounting allows a user
// (associations and QOS).  Pure.  Messages: as Slurm 22.05 prints them.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "adapters/slurm.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::slurm_text {
namespace {

// "MaxArraySize            = 1001", of `scontrol show config`.
std::string setting(const CommandResult& config, std::string_view name) {
  for (const auto& line : lines(config.out)) {
    if (!line.starts_with(name)) continue;
    const auto equals = line.find('=');
    if (equals != line.npos && trim(line.substr(0, equals)) == name)
      return std::string(trim(line.substr(equals + 1)));
  }
  return {};
}

// Without enforcement its limits are only words.
bool limits_count(const CommandResult& config) {
  return config.exit_code == 0 && holds(setting(config, "AccountingStorageType"), "slurmdbd") &&
         (holds(setting(config, "AccountingStorageEnforce"), "limits") ||
          holds(setting(config, "AccountingStorageEnforce"), "qos"));
}

struct Allowed {  // 0 = not said
  std::uint32_t submit = 0, running = 0, cores = 0;
  std::uint64_t memory_mb = 0;
  Micros time = 0;
};

std::uint32_t number(std::string_view text) {
  return static_cast<std::uint32_t>(std::clamp(to_integer(text).value_or(0), 0LL, 0x7fffffffLL));
}

// "cpu=4,mem=8G" of one job.
void read_tres(std::string_view text, Allowed& allowed) {
  for (const auto& part : split(text, ',')) {
    if (part.starts_with("cpu=")) allowed.cores = number(std::string_view(part).substr(4));
    if (part.starts_with("mem=")) allowed.memory_mb = read_memory_mb(part.substr(4)).value_or(0);
  }
}

struct Qos {
  std::string name;
  bool before_partition = false;  // the job's QOS counts before the partition's
  Allowed allowed;
};

constexpr std::string_view qos_fields =
    "Name,Flags,MaxSubmitJobsPerUser,MaxJobsPerUser,MaxTRES,MaxWall";
std::vector<Qos> read_qos(const CommandResult& result) {
  std::vector<Qos> all;
  for (const auto& line : lines(result.out)) {
    const auto field = split(line, '|');
    if (field.size() != 6) continue;
    Qos qos{field[0], holds(field[1], "OverPartQOS"), {number(field[2]), number(field[3])}};
    read_tres(field[4], qos.allowed);
    qos.allowed.time = read_duration(field[5]).value_or(0);
    all.push_back(std::move(qos));
  }
  return all;
}

struct Association {
  std::string account, partition, default_qos;
  Allowed allowed;
};

constexpr std::string_view association_fields =
    "Account,Partition,DefaultQOS,MaxJobs,MaxSubmitJobs,MaxTRES,MaxWall";
std::vector<Association> read_associations(const CommandResult& result) {
  std::vector<Association> all;
  for (const auto& line : lines(result.out)) {
    const auto field = split(line, '|');
    if (field.size() != 7) continue;
    Association one{field[0], field[1], field[2], {number(field[4]), number(field[3])}};
    read_tres(field[5], one.allowed);
    one.allowed.time = read_duration(field[6]).value_or(0);
    all.push_back(std::move(one));
  }
  return all;
}

// Of the account that is asked for, else of the only one there is; that of the partition first.
const Association* association_of(const std::vector<Association>& all, const std::string& account,
                                  const std::string& partition) {
  const auto fits = [&](const Association& one, bool exactly) {
    const bool same_account =
        account.empty() ? one.account == all.front().account : one.account == account;
    return same_account && one.partition == (exactly ? partition : "");
  };
  for (const bool exactly : {true, false})
    for (const auto& one : all)
      if (fits(one, exactly)) return &one;
  return nullptr;
}

template <class Number>
void cap(Number& most, Number limit) {  // 0 = none
  if (limit > 0 && (most == 0 || limit < most)) most = limit;
}

// For each limit, who says it first: the partition's QOS, the job's, the association.
void cap_by(const std::vector<const Allowed*>& order, PartitionLimits& limits) {
  const auto first = [&](auto member) {
    for (const auto* each : order)
      if (each->*member > 0) return each->*member;
    return decltype(Allowed{}.*member){};
  };
  cap(limits.max_jobs, first(&Allowed::submit));
  cap(limits.max_running, first(&Allowed::running));
  cap(limits.max_cores, first(&Allowed::cores));
  cap(limits.max_memory_mb, first(&Allowed::memory_mb));
  cap(limits.max_time, first(&Allowed::time));
}

}  // namespace

Argv next_limits(const Submitter& who, std::span<const CommandResult> so_far) {
  if (so_far.empty()) return {"scontrol", "show", "config"};
  if (!limits_count(so_far[0])) return {};
  if (so_far.size() == 1)
    return {"sacctmgr", "-nP", "show", "qos", "format=" + std::string(qos_fields)};
  const auto cluster = setting(so_far[0], "ClusterName");
  if (so_far.size() == 2 && so_far[1].exit_code == 0)
    return {"sacctmgr",
            "-nP",
            "show",
            "assoc",
            "user=" + who.user,
            "cluster=" + cluster,
            "format=" + std::string(association_fields)};
  return {};
}

void add_limits(const Submitter& who, std::span<const CommandResult> said,
                std::vector<PartitionLimits>& all) {
  if (said.empty() || said[0].exit_code != 0) return;
  for (auto& limits : all) limits.max_array = number(setting(said[0], "MaxArraySize"));
  if (said.size() < 2 || said[1].exit_code != 0) return;
  const auto qos = read_qos(said[1]);
  const auto associations = said.size() > 2 && said[2].exit_code == 0 ? read_associations(said[2])
                                                                      : std::vector<Association>{};
  const auto find = [&](const std::string& name) -> const Qos* {
    const auto found = std::ranges::find(qos, name, &Qos::name);
    return name.empty() || found == qos.end() ? nullptr : &*found;
  };
  for (auto& limits : all) {
    const auto* mine =
        associations.empty() ? nullptr : association_of(associations, who.account, limits.name);
    const auto* of_partition = find(limits.qos);
    const auto* of_job = find(!who.qos.empty() ? who.qos : mine ? mine->default_qos : "");
    std::vector<const Allowed*> order;
    if (of_partition != nullptr) order.push_back(&of_partition->allowed);
    if (of_job != nullptr)
      order.insert(of_job->before_partition ? order.begin() : order.end(), &of_job->allowed);
    if (mine != nullptr) order.push_back(&mine->allowed);
    cap_by(order, limits);
  }
}

}  // namespace pcluster::slurm_text
