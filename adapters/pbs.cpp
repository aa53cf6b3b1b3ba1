// PBS Pro and OpenPBS through their commands: what to ask for, and how.  Pure.
// SPDX-License-Identifier: MIT
#include "adapters/pbs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace pbs_text {

Argv shell(std::string_view script, std::span<const std::string> arguments) {
  // Dates in UTC, words in English; and nobody's habit changes what a directive looks like.
  Argv argv{"env", "-u", "PBS_DPREFIX",       "TZ=UTC0", "LC_ALL=C",
            "sh",  "-c", std::string(script), "pcluster"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

// The default queue is nice to know, and not every server says it to everyone.
Argv limits() { return shell("qstat -Q -f || exit\nqstat -B -f 2> /dev/null || :\n", {}); }

std::string kept_lines() {
  return R"(awk '
/^Job Id:/ { print; indent = /^Job Id:\t/ ? "^\t" : "^    "; keep = 0; next }
$2 == "=" && $0 ~ indent {
  keep = $1 ~ /^(Job_Name|job_state|substate|comment|exec_host|[Ee]xit_status|stime|Hold_Types)$/ ||
    $1 == "Resource_List.walltime"
}
keep'
)";
}

}  // namespace pbs_text

namespace {

using namespace pbs_text;

// A chunk per node; its worker uses all of it.
std::string select_of(const JobSpec& spec) {
  auto chunk = fmt::format("-l select={}", spec.nodes);
  if (spec.per_node.cores > 0) chunk += fmt::format(":ncpus={}", spec.per_node.cores);
  if (spec.per_node.memory_mb > 0 && spec.mem_mode != "none")
    chunk += fmt::format(":mem={}mb", spec.per_node.memory_mb);
  if (spec.per_node.gpus > 0) chunk += fmt::format(":ngpus={}", spec.per_node.gpus);
  return chunk;
}

// `beside`: what qsub refuses together with select.
const Rules rules{{"q", "A", "r", "umask", "walltime", "j", "k", "select", "place"},
                  {"N", "J", "o"},
                  {"ncpus", "mem", "nodes", "ngpus", "mpiprocs", "ompthreads", "nodect"},
                  "select"};

std::vector<std::string> directives(const JobSpec& spec, const JobIdentity& job) {
  auto all = common_directives(spec, job);
  if (job.count > 1)  // an array has two members at least
    all.insert(all.begin() + 1, {"J", fmt::format("-J 0-{}", job.count - 1)});
  all.push_back({"j", "-j oe"});
  all.push_back({"k", "-k oed"});  // the output is there while the job runs
  all.push_back({"select", select_of(spec)});
  if (spec.nodes > 1) all.push_back({"place", "-l place=scatter"});
  return with_users(std::move(all), spec, rules);
}

// Memory and GPUs are in no variable of a job.
std::map<std::string, std::string> script_words(const JobSpec& spec, const JobIdentity& job) {
  std::map<std::string, std::string> words{
      {"job_id", "${PBS_JOBID%%.*}"},
      {"job_index", job.count > 1 ? "${PBS_ARRAY_INDEX}" : "0"},
      {"job_cores", "${NCPUS:-0}"},
      {"job_memory_mb", std::to_string(spec.per_node.memory_mb)},
      {"job_gpus", std::to_string(spec.per_node.gpus)},
  };
  words.merge(end_words(spec));
  return words;
}

// -f: no process of qsub's stays behind, nor fails with its directory.  The path is not in the
// script: there, what quotes it is not told.
Argv submit(const std::string& script_path, const JobSpec&, const JobIdentity& job) {
  const auto* ending = job.count > 1 ? "-^array_index^.out" : ".out";
  return {"env", "-u", "PBS_DPREFIX", "qsub", "-f", "-o", output_path(job, ending), script_path};
}

// By name, each alone: the server then looks for ours only.  Without history, `-x` prints nothing
// and ends with 0, which means nothing: ask again without it.  Text, because JSON is of one job
// only where several are asked for.
constexpr std::string_view listing = R"(set -f
user=$1 history='' ids=''
shift
for name do
  found=$(qselect -x ${user:+-u "$user"} -N "$name" 2> /dev/null) || found=''
  if [ -n "$found" ]; then history=-x
  else found=$(qselect ${user:+-u "$user"} -N "$name") || exit
  fi
  ids="$ids $found"
done
set -- $ids
[ $# -gt 0 ] || exit 0
said=$(qstat $history -t -f "$@") || exit
printf '%s\n' "$said" | )";

Argv status(const std::string& user, std::span<const std::string> names) {
  std::vector<std::string> arguments{user};
  arguments.insert(arguments.end(), names.begin(), names.end());
  return shell(std::string(listing) + kept_lines(), arguments);
}

// Its exit code is of the last job that could not be deleted: each is asked about again, and those
// that are gone already are no failure.
constexpr std::string_view deletion = R"(qdel "$@" && exit
code=0
for id do
  words=$(qdel "$id" 2>&1) && continue
  case $?:$words in
    35:* | 153:*) ;;
    *) printf '%s\n' "$words" >&2; code=1 ;;
  esac
done
exit $code
)";

Argv cancel(std::span<const std::string> job_ids) { return shell(deletion, job_ids); }

bool is_pbs(const CommandResult& version) {
  return version.exit_code == 0 && holds(version.out + version.err, "pbs_version");
}

}  // namespace

const Adapter pbs{
    .name = "pbs",
    .directive_prefix = "#PBS",
    .template_file = "pbs.sh",
    .probe = "qsub",
    .not_set_up = "pbs conf variables not found",
    .scrub = {"PBS_*", "PMI_*", "PMI2_*", "PMIX_*"},
    .directives = directives,
    .script_words = script_words,
    .submit = submit,
    .submitted = pbs_text::submitted,
    .status = status,
    .seen = pbs_text::seen,
    .cancel = cancel,
    .limits = pbs_text::limits,
    .limits_seen = pbs_text::limits_seen,
    .remedy = pbs_text::remedy,
    .version = {"qstat", "--version"},
    .is_mine = is_pbs,
    .allocation = pbs_text::allocation,
    .here = &pbs_here,
    .get_allocation = "qsub -I -l select=2:ncpus=4 -l walltime=1:00:00",
};

}  // namespace pcluster
