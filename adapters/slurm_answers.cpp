// Slurm's answers: states, listings and limits.  Pure.
// States: slurm.schedmd.com/job_state_codes.html.  Messages: as Slurm 22.05 prints them.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>

#include "adapters/slurm.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::slurm_text {
namespace {

struct State {
  std::string_view word;
  JobState state;
};
constexpr State states[] = {
    {"PENDING", JobState::pending},      {"CONFIGURING", JobState::pending},
    {"REQUEUED", JobState::pending},     {"REQUEUE_FED", JobState::pending},
    {"REQUEUE_HOLD", JobState::pending}, {"RESV_DEL_HOLD", JobState::pending},
    {"SPECIAL_EXIT", JobState::pending}, {"POWER_UP_NODE", JobState::pending},
    {"EXPEDITING", JobState::pending},   {"RUNNING", JobState::running},
    {"COMPLETING", JobState::running},   {"RESIZING", JobState::running},
    {"SIGNALING", JobState::running},    {"STAGE_OUT", JobState::running},
    {"STOPPED", JobState::running},      {"SUSPENDED", JobState::running},
    {"UPDATE_DB", JobState::running},    {"COMPLETED", JobState::ended},
    {"CANCELLED", JobState::ended},      {"FAILED", JobState::ended},
    {"TIMEOUT", JobState::ended},        {"NODE_FAIL", JobState::ended},
    {"PREEMPTED", JobState::ended},      {"OUT_OF_MEMORY", JobState::ended},
    {"DEADLINE", JobState::ended},       {"BOOT_FAIL", JobState::ended},
    {"LAUNCH_FAILED", JobState::ended},  {"RECONFIG_FAIL", JobState::ended},
    {"REVOKED", JobState::ended},
};

// Words of a submit that may have gone through all the same: look it up before repeating it.
constexpr std::string_view unanswered[] = {
    "Unable to contact slurm controller",
    "Socket timed out",
    "Zero Bytes were transmitted",
    "Unexpected message received",
    "Transport endpoint is not connected",
    "Communication connection failure",
    "Connection reset by peer",
};

// The number in "12" or "12;cluster" on the last line; sites print banners before.
std::optional<std::string> job_number(const std::string& out) {
  const auto all = lines(trim(out));
  if (all.empty()) return {};
  auto number = split(trim(all.back()), ';').front();
  return to_integer(number).value_or(0) > 0 ? std::optional(std::move(number)) : std::nullopt;
}

// Without a time limit Slurm makes up an end in a year's time.
bool is_limit(std::string_view text) { return text != "UNLIMITED" && text != "365-00:00:00"; }

std::uint64_t number_of(std::string_view line, std::string_view key) {  // UNLIMITED is 0
  return static_cast<std::uint64_t>(std::max(0LL, to_integer(value_of(line, key)).value_or(0)));
}

Micros time_of(std::string_view line, std::string_view key) {  // UNLIMITED is 0
  return read_duration(value_of(line, key)).value_or(0);
}

// "gpu:a100:4(S:0-1),lscratch:800": all the gpus.
std::uint32_t gpus_of(std::string_view gres) {
  long long all = 0;
  for (const auto& each : split(gres, ',')) {
    const auto bare = each.substr(0, each.find('('));
    const auto parts = split(bare, ':');
    if (parts.front() == "gpu")
      all += std::clamp(to_integer(parts.back()).value_or(1), 0LL, 1'000'000LL);
  }
  return static_cast<std::uint32_t>(all);
}

// Sites print banners, and nothing of ours among them is an answer; bytes that are no text are
// none.
bool is_text(std::string_view out) {
  return std::ranges::none_of(out, [](char byte) {
    return static_cast<unsigned char>(byte) < ' ' && byte != '\n' && byte != '\t' && byte != '\r';
  });
}

// Where its word is all that the scheduler says, or its reason is still the one to wait.
bool tells_why(const JobSeen& job) {
  const bool waited = job.word == "CANCELLED" && job.nodes.empty();
  if (job.state == JobState::ended)
    return waited || (job.reason.empty() && job.word != "COMPLETED");
  return job.reason.empty() && (job.word == "SUSPENDED" || job.word == "STOPPED");
}

}  // namespace

JobSeen job_seen(Listed listed) {
  JobSeen job;
  job.job_id = to_integer(listed.element) ? listed.id + "_" + listed.element : listed.id;
  job.word = std::move(listed.word);
  const auto known = std::ranges::find(states, std::string_view(job.word), &State::word);
  if (known != std::end(states)) job.state = known->state;
  job.reason = listed.reason == "None" ? "" : std::move(listed.reason);
  if (tells_why(job)) job.reason = job.word;
  job.nodes = std::move(listed.nodes);
  job.never = job.state == JobState::pending && never_starts(job.reason);
  if (job.word == "RUNNING" && listed.limited) job.end_unix = listed.end_unix;
  return job;
}

std::string_view value_of(std::string_view line, std::string_view key) {
  const std::string wanted = " " + std::string(key) + "=";
  const auto at = line.find(wanted);
  if (at == line.npos) return {};
  line.remove_prefix(at + wanted.size());
  return line.substr(0, line.find(' '));
}

SubmitAnswer submitted(const CommandResult& result, const JobIdentity& job) {
  if (result.exit_code == 127)
    return {SubmitAnswer::Kind::refused,
            {},
            "sbatch is not on PATH here",
            "use a login node of the cluster, or load the module that brings Slurm's commands"};
  if (result.exit_code == 126)
    return {SubmitAnswer::Kind::refused,
            {},
            std::string(trim(result.err)),
            "this host could not start sbatch: look at its memory, and at `ulimit -u` and -n"};
  const bool lost =
      std::ranges::any_of(unanswered, [&](auto words) { return holds(result.err, words); });
  if (result.timed_out || result.exit_code < 0 || (lost && result.exit_code != 0)) return {};
  if (result.exit_code != 0) return refused(result);
  const auto number = job_number(result.out);
  if (!number) return {};
  SubmitAnswer answer{SubmitAnswer::Kind::accepted, {}, {}, {}};
  if (job.count == 1) answer.job_ids.push_back(*number);
  for (std::uint32_t i = 0; job.count > 1 && i < job.count; ++i)
    answer.job_ids.push_back(*number + "_" + std::to_string(i));
  return answer;
}

std::optional<Seen> seen(const CommandResult& result) {
  if (result.exit_code != 0 || result.timed_out || !is_text(result.out)) return {};
  Seen jobs;
  for (const auto& line : lines(result.out)) {
    auto field = split(line, '|');
    constexpr std::size_t reason = 7;
    if (field.size() <= reason || !to_integer(field[0])) continue;  // a banner
    const auto end = read_unix_seconds(field[4]).value_or(0);
    auto rest = join(std::span(field).subspan(reason), "|");
    jobs.emplace_back(field[2], job_seen({field[0], field[1], field[3], std::move(rest), field[6],
                                          end, is_limit(field[5])}));
  }
  return jobs;
}

std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult& result) {
  if (result.exit_code != 0 || result.timed_out) return {};
  std::vector<PartitionLimits> all;
  for (const auto& text : lines(result.out)) {
    const auto line = " " + text;
    PartitionLimits limits;
    limits.name = value_of(line, "PartitionName");
    if (limits.name.empty()) continue;
    limits.is_default = value_of(line, "Default") == "YES";
    limits.up = value_of(line, "State") == "UP";
    limits.max_cores = static_cast<std::uint32_t>(number_of(line, "MaxCPUsPerNode"));
    limits.max_memory_mb = number_of(line, "MaxMemPerNode");
    limits.memory_mb_per_core = number_of(line, "DefMemPerCPU");
    limits.max_memory_mb_per_core = number_of(line, "MaxMemPerCPU");
    limits.max_time = time_of(line, "MaxTime");
    limits.nodes = static_cast<std::uint32_t>(number_of(line, "TotalNodes"));
    limits.node_list = value_of(line, "Nodes");
    if (const auto qos = value_of(line, "QoS"); qos != "N/A") limits.qos = qos;
    const auto all_may = [&](std::string_view key) {
      const auto who = value_of(line, key);
      return who.empty() || who == "ALL";
    };
    limits.restricted = !all_may("AllowGroups") || !all_may("AllowAccounts") ||
                        !all_may("AllowQos") || value_of(line, "RootOnly") == "YES" ||
                        value_of(line, "Hidden") == "YES";
    all.push_back(std::move(limits));
  }
  return all;
}

void nodes_seen(const CommandResult& result, std::vector<PartitionLimits>& all) {
  if (result.exit_code != 0 || result.timed_out) return;
  std::vector<std::string> mixed;
  for (const auto& line : lines(result.out)) {
    for (const auto& name : split(value_of(line, "Partitions"), ',')) {
      const auto found = std::ranges::find(all, name, &PartitionLimits::name);
      if (found == all.end()) continue;
      const auto cores = static_cast<std::uint32_t>(number_of(line, "CPUTot"));
      found->node_cores = std::max(found->node_cores, cores);
      found->node_memory_mb = std::max(found->node_memory_mb, number_of(line, "RealMemory"));
      found->node_gpus = std::max(found->node_gpus, gpus_of(value_of(line, "Gres")));
      const std::string arch(value_of(line, "Arch"));
      if (found->arch.empty()) found->arch = arch;
      if (!arch.empty() && arch != found->arch) mixed.push_back(name);
    }
  }
  for (auto& partition : all)
    if (std::ranges::find(mixed, partition.name) != mixed.end()) partition.arch.clear();
}

std::vector<std::string> accounts_seen(const CommandResult& result) {
  std::vector<std::string> names;
  if (result.exit_code != 0 || result.timed_out) return names;
  for (const auto& line : lines(result.out))
    if (std::ranges::find(names, line) == names.end() && !line.empty()) names.push_back(line);
  return names;
}

}  // namespace pcluster::slurm_text
