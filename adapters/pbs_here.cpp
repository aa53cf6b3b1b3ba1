// Workers in an allocation of PBS's (`qsub -I`, a job script): one on each host of its node file,
// by pbs_tmrsh.  Pure.  Run on a fake of its commands, not on a real PBS.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "adapters/here.hpp"
#include "adapters/pbs.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

using here_text::value;

std::map<std::string, std::string> script_words(const JobSpec& spec, const JobIdentity&) {
  return {
      {"job_id", "${PCLUSTER_JOB_ID}"},  // set by local-jobs
      {"job_index", "0"},
      {"job_cores", std::to_string(spec.per_node.cores)},
      {"job_memory_mb", std::to_string(spec.per_node.memory_mb)},
      {"job_gpus", std::to_string(spec.per_node.gpus)},
      {"job_end", "0"},  // the listing tells
      {"job_warning", "0"},
      {"job_signal", ""},
  };
}

std::optional<pbs_text::Seen> seen(const CommandResult& result) { return local.seen(result); }

// What pbs_tmrsh is known to the job's own server by.
constexpr std::string_view passed_on[] = {"PBS_JOBID",    "PBS_JOBCOOKIE", "PBS_MOMPORT",
                                          "PBS_NODENUM",  "PBS_TASKNUM",   "PBS_NODEFILE",
                                          "PBS_CONF_FILE"};

}  // namespace

namespace pbs_text {

std::optional<Allocation> allocation(const Shell& shell, const FileText& text_of) {
  Allocation all;
  all.job_id = plain_id(value(shell, "PBS_JOBID"));
  const auto file = value(shell, "PBS_NODEFILE");
  if (all.job_id.empty() || file.empty()) return {};
  const auto text = text_of(std::string(file));
  if (!text) return {};
  std::vector<std::string> names;
  for (const auto& line : lines(*text)) {
    auto name = std::string(trim(line));
    if (!name.empty() && std::ranges::find(names, name) == names.end())
      names.push_back(std::move(name));
  }
  if (names.empty()) return {};
  all.nodes = static_cast<std::uint32_t>(names.size());
  all.node_names = join(names, ",");
  const auto cores = to_integer(value(shell, "NCPUS")).value_or(0);  // of the first chunk
  all.per_node.cores = static_cast<std::uint32_t>(std::clamp(cores, 0LL, 1'000'000LL));
  for (const auto name : passed_on)
    if (const auto word = value(shell, name); !word.empty())
      all.setup.push_back("export " + std::string(name) + "=" + shell_quote(std::string(word)));
  return all;
}

}  // namespace pbs_text

const Adapter pbs_here{
    .name = "pbs-here",
    .directive_prefix = "",
    .template_file = "pbs-here.sh",
    .probe = "pbs_tmrsh",
    .not_set_up = "",
    .scrub = {"PBS_*", "PMI_*", "PMI2_*", "PMIX_*"},
    .directives = here_text::directives,
    .script_words = script_words,
    .submit = here_text::submit,
    .submitted = here_text::submitted,
    .status = here_text::status,
    .seen = seen,
    .cancel = here_text::cancel,
    .limits = here_text::limits,
    .limits_seen = here_text::limits_seen,
    .remedy = pbs_text::remedy,
};

}  // namespace pcluster
