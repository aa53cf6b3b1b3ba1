// Workers in an allocation of Slurm's (salloc, a job script): one job step over all its nodes,
// which shares them with whatever else the allocation runs.  Pure. SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "adapters/here.hpp"
#include "adapters/slurm.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

using here_text::value;

// "8(x2),4": the least.
std::uint32_t least_cores(std::string_view text) {
  long long least = 0;
  for (const auto& part : split(text, ',')) {
    const auto cores = to_integer(part.substr(0, part.find('('))).value_or(0);
    if (cores > 0 && (least == 0 || cores < least)) least = cores;
  }
  return static_cast<std::uint32_t>(std::clamp(least, 0LL, 1'000'000LL));
}

std::uint64_t number(std::string_view text) {
  return static_cast<std::uint64_t>(std::max(0LL, to_integer(text).value_or(0)));
}

// Each worker asks its own node: they may differ.
std::map<std::string, std::string> script_words(const JobSpec& spec, const JobIdentity&) {
  return {
      {"job_id", "${PCLUSTER_JOB_ID}"},  // set by local-jobs
      {"job_index", "0"},
      {"job_cores", "${SLURM_CPUS_ON_NODE:-0}"},
      {"job_memory_mb", std::to_string(spec.per_node.memory_mb)},
      {"job_gpus", "${SLURM_GPUS_ON_NODE:-0}"},
      {"job_end", "0"},  // the listing tells
      {"job_warning", "0"},
      {"job_signal", ""},
  };
}

// After our own list, until when the user's allocations last: asked of the scheduler seldom.
Argv status(const std::string& user, std::span<const std::string> names) {
  auto argv = here_text::status(user, names);
  argv.insert(argv.end(), {"--then", "env", "SLURM_TIME_FORMAT=%s", "squeue", "--me", "-h", "-t",
                           "running", "-o", "allocation|%A|%e|%l|%N"});
  return argv;
}

// Ours are known even where the scheduler is silent.
std::optional<slurm_text::Seen> seen(const CommandResult& result) {
  auto local_only = result;
  if (!result.timed_out && !result.out.empty()) local_only.exit_code = 0;
  auto jobs = local.seen(local_only);
  if (!jobs) return {};
  for (const auto& line : lines(result.out)) {
    const auto field = split(line, '|');
    if (field.size() != 5 || field[0] != "allocation") continue;
    const bool limited = field[3] != "UNLIMITED" && field[3] != "365-00:00:00";
    for (auto& [name, job] : *jobs) {
      if (!job.job_id.starts_with(field[1] + "+")) continue;
      job.nodes = field[4];
      if (limited) job.end_unix = read_unix_seconds(field[2]).value_or(0);
    }
  }
  return jobs;
}

}  // namespace

namespace slurm_text {

std::optional<Allocation> allocation(const Shell& shell, const FileText&) {
  Allocation all;
  all.job_id = value(shell, "SLURM_JOB_ID");
  all.node_names = value(shell, "SLURM_JOB_NODELIST");
  if (number(all.job_id) == 0 || all.node_names.empty()) return {};
  const auto nodes = number(value(shell, "SLURM_JOB_NUM_NODES"));
  all.nodes = static_cast<std::uint32_t>(nodes > 0 ? std::min<std::uint64_t>(nodes, most_nodes)
                                                   : nodes_in(all.node_names).size());
  all.per_node.cores = least_cores(value(shell, "SLURM_JOB_CPUS_PER_NODE"));
  all.per_node.memory_mb = number(value(shell, "SLURM_MEM_PER_NODE"));
  if (all.per_node.memory_mb == 0)
    all.per_node.memory_mb = number(value(shell, "SLURM_MEM_PER_CPU")) * all.per_node.cores;
  // srun asks the controller for all else about the job; but it must find that.
  if (const auto file = value(shell, "SLURM_CONF"); !file.empty())
    all.setup.push_back("export SLURM_CONF=" + shell_quote(std::string(file)));
  return all;
}

}  // namespace slurm_text

const Adapter slurm_here{
    .name = "slurm-here",
    .directive_prefix = "",
    .template_file = "slurm-here.sh",
    .probe = "srun",
    .not_set_up = "",
    .scrub = {"SLURM_*", "SLURMD_*", "SRUN_*", "PMI_*", "PMI2_*", "PMIX_*"},
    .directives = here_text::directives,
    .script_words = script_words,
    .submit = here_text::submit,
    .submitted = here_text::submitted,
    .status = status,
    .seen = seen,
    .cancel = here_text::cancel,
    .limits = here_text::limits,
    .limits_seen = here_text::limits_seen,
    .remedy = slurm_text::remedy,
};

}  // namespace pcluster
