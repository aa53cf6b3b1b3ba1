// Torque: PBS with older words, through its commands or those of Slurm's wrappers.  Pure.
// From Torque's documentation; run with Debian's slurm-wlm-torque, not with Torque itself.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "adapters/pbs.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

using namespace pbs_text;

std::string nodes_of(const JobSpec& spec) {
  auto nodes = fmt::format("-l nodes={}", spec.nodes);
  nodes += fmt::format(":ppn={}", std::max(1u, spec.per_node.cores));
  if (spec.per_node.gpus > 0) nodes += fmt::format(":gpus={}", spec.per_node.gpus);
  return nodes;
}

const Rules rules{{"q", "A", "r", "umask", "walltime", "nodes", "mem", "pmem"},
                  {"N", "t", "o", "j"},
                  {"procs", "ncpus"},
                  "nodes"};

// mem is the whole job's, pmem that of one process: with ppn processes, of a core.
void add_memory(const JobSpec& spec, std::vector<Directive>& all) {
  const auto mb = spec.per_node.memory_mb;
  const std::uint64_t cores = std::max(1u, spec.per_node.cores);
  if (mb > 0 && spec.mem_mode == "node")
    all.push_back({"mem", fmt::format("-l mem={}mb", mb * spec.nodes)});
  if (mb > 0 && spec.mem_mode == "cpu")
    all.push_back({"pmem", fmt::format("-l pmem={}mb", (mb + cores - 1) / cores)});
}

std::vector<std::string> directives(const JobSpec& spec, const JobIdentity& job) {
  auto all = common_directives(spec, job);
  if (job.count > 1) all.insert(all.begin() + 1, {"t", fmt::format("-t 0-{}", job.count - 1)});
  all.push_back({"nodes", nodes_of(spec)});
  add_memory(spec, all);
  return with_users(std::move(all), spec, rules);
}

// Slurm's wrappers set none of these variables: the template takes Slurm's then.
std::map<std::string, std::string> script_words(const JobSpec& spec, const JobIdentity& job) {
  const auto cores = std::to_string(spec.per_node.cores);
  std::map<std::string, std::string> words{
      {"job_id", "${PBS_JOBID%%.*}"},
      {"job_index", job.count > 1 ? "${PBS_ARRAYID}" : "0"},
      {"job_cores", "${PBS_NUM_PPN:-" + cores + "}"},
      {"job_memory_mb", std::to_string(spec.per_node.memory_mb)},
      {"job_gpus", std::to_string(spec.per_node.gpus)},
  };
  words.merge(end_words(spec));
  return words;
}

// The job writes its own output (templates/torque.sh): Torque would bring it when the job has
// ended, and the wrappers obey -o on the command line alone.
Argv submit(const std::string& script_path, const JobSpec&, const JobIdentity& job) {
  return {"env",      "-u", "PBS_DPREFIX", "qsub", "-j", "oe", "-o", output_path(job, ".before"),
          script_path};
}

// All jobs of the server: Torque's qselect finds no arrays' members.  -t lists them; the wrappers,
// which do not know it (exit code 2), list them anyway.
constexpr std::string_view listing = R"(said=$(qstat -t -f)
code=$?
if [ $code -eq 2 ]; then said=$(qstat -f); code=$?; fi
[ $code -eq 0 ] || exit $code
printf '%s\n' "$said" | )";

Argv status(const std::string&, std::span<const std::string>) {
  return shell(std::string(listing) + kept_lines(), {});
}

// With nothing queued at all, the wrappers' qstat ends with 153 and no word; Torque's says 0.
std::optional<Seen> seen_by_torque(const CommandResult& result) {
  const bool nothing = result.exit_code == 153 && trim(result.out).empty();
  return nothing && result.err.find("qstat:") == std::string::npos ? Seen{} : seen(result);
}

// As PBS's; the wrappers say nothing of a job that is gone.
constexpr std::string_view deletion = R"(qdel "$@" && exit
code=0
for id do
  words=$(qdel "$id" 2>&1) && continue
  case $?:$words in
    *: | 153:* | *'invalid state for job'*COMPLETE*) ;;
    *) printf '%s\n' "$words" >&2; code=1 ;;
  esac
done
exit $code
)";

Argv cancel(std::span<const std::string> job_ids) { return shell(deletion, job_ids); }

bool is_torque(const CommandResult& version) {
  const auto words = version.out + version.err;
  return version.exit_code == 0 && holds(words, "version:") && !holds(words, "pbs_version");
}

}  // namespace

const Adapter torque{
    .name = "torque",
    .directive_prefix = "#PBS",
    .template_file = "torque.sh",
    .probe = "qsub",
    .not_set_up = "",
    .scrub = {"PBS_*", "SLURM_*", "SLURMD_*", "PMI_*", "PMI2_*", "PMIX_*"},
    .directives = directives,
    .script_words = script_words,
    .submit = submit,
    .submitted = pbs_text::submitted,
    .status = status,
    .seen = seen_by_torque,
    .cancel = cancel,
    .limits = pbs_text::limits,
    .limits_seen = pbs_text::limits_seen,
    .remedy = pbs_text::remedy,
    .version = {"qstat", "--version"},
    .is_mine = is_torque,
};

}  // namespace pcluster
