// No scheduler: this machine, through `pcluster local-jobs`, which answers like one.  Pure.
// SPDX-License-Identifier: MIT
#include "adapters/adapter.hpp"
#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

Argv local_jobs(const char* verb) { return {"pcluster", "local-jobs", verb}; }

Argv with(Argv argv, std::span<const std::string> words) {
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

std::vector<std::string> directives(const JobSpec& spec, const JobIdentity&) {
  if (spec.nodes > 1)
    throw Error(Exit::usage, "local jobs have one node each", "ask for more --jobs instead");
  return {};
}

std::map<std::string, std::string> script_words(const JobSpec& spec, const JobIdentity&) {
  return {
      {"job_id", "${PCLUSTER_JOB_ID}"},  // set, as a scheduler would, by local-jobs
      {"job_index", "${PCLUSTER_JOB_INDEX}"},
      {"job_cores", std::to_string(spec.per_node.cores)},
      {"job_memory_mb", std::to_string(spec.per_node.memory_mb)},
      {"job_gpus", std::to_string(spec.per_node.gpus)},
      {"job_end", "0"},
      {"job_warning", "0"},
      {"job_signal", ""},
  };
}

Argv submit(const std::string& script_path, const JobSpec&, const JobIdentity& job) {
  const std::vector<std::string> words{"--count", std::to_string(job.count), "--name", job.name,
                                       script_path};
  return with(local_jobs("submit"), words);
}

SubmitAnswer submitted(const CommandResult& result, const JobIdentity& job) {
  if (result.timed_out || result.exit_code < 0) return {};
  auto ids = lines(result.out);
  if (result.exit_code == 0 && ids.size() == job.count)
    return {SubmitAnswer::Kind::accepted, std::move(ids), {}, {}};
  // Its words are ours: a message, and what to do below it.
  const auto said = lines(trim(result.err));
  std::string message = said.empty() ? "local jobs did not start" : said.front();
  if (message.starts_with("pcluster: ")) message.erase(0, std::string_view("pcluster: ").size());
  std::string hint = "`pcluster submit --dry-run` shows the script and the command";
  if (said.size() == 2) hint = trim(said.back());
  return {SubmitAnswer::Kind::refused, {}, std::move(message), std::move(hint)};
}

Argv status(const std::string&, std::span<const std::string> names) {
  return with(local_jobs("status"), names);
}

std::optional<std::vector<std::pair<std::string, JobSeen>>> seen(const CommandResult& result) {
  if (result.exit_code != 0 || result.timed_out) return {};
  std::vector<std::pair<std::string, JobSeen>> jobs;
  for (const auto& line : lines(result.out)) {
    auto field = split(line, '|');  // id|state|name|reason
    if (field.size() != 4) continue;
    JobSeen job;
    job.job_id = field[0];
    job.state = field[1] == "running" ? JobState::running : JobState::unknown;
    job.word = field[1];
    job.reason = field[3];
    jobs.emplace_back(field[2], std::move(job));
  }
  return jobs;
}

Argv cancel(std::span<const std::string> job_ids) { return with(local_jobs("cancel"), job_ids); }
Argv limits() { return {}; }
std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult&) {
  return std::vector<PartitionLimits>{};
}
std::string_view remedy(std::string_view) { return {}; }

}  // namespace

const Adapter local{
    .name = "local",
    .directive_prefix = "",
    .template_file = "local.sh",
    .probe = "",
    .not_set_up = "",
    // Of an allocation that the launcher itself may run in: mpiexec would take it for ours.
    .scrub = {"SLURM_*", "SLURMD_*", "PBS_*", "PMI_*", "PMI2_*", "PMIX_*"},
    .directives = directives,
    .script_words = script_words,
    .submit = submit,
    .submitted = submitted,
    .status = status,
    .seen = seen,
    .cancel = cancel,
    .limits = limits,
    .limits_seen = limits_seen,
    .remedy = remedy,
};

}  // namespace pcluster
