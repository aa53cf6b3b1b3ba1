// Slurm through its commands: what to ask for, and how.  Pure.
// SPDX-License-Identifier: MIT
#include "adapters/slurm.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/slurm_lib.hpp"
#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace slurm_text {

// They win over the script's directives: those that would change what we ask for, or hide our jobs
// from us, are left out.  What we do not say, the user's shell still may.
std::vector<std::string> hidden_variables(const JobSpec& spec) {
  std::vector<std::string> hidden{"JOB_NAME", "ARRAY_INX", "OUTPUT",     "ERROR",
                                  "INPUT",    "WAIT",      "NO_REQUEUE", "REQUEUE"};
  if (!spec.partition.empty()) hidden.emplace_back("PARTITION");
  if (!spec.account.empty()) hidden.emplace_back("ACCOUNT");
  if (!spec.qos.empty()) hidden.emplace_back("QOS");
  if (spec.time > 0) hidden.emplace_back("TIMELIMIT");
  if (spec.time > 0 && spec.warning > 0) hidden.emplace_back("SIGNAL");
  if (spec.per_node.memory_mb > 0)
    for (const auto* each : {"MEM_PER_NODE", "MEM_PER_CPU", "MEM_PER_GPU"})
      hidden.emplace_back(each);
  for (auto& name : hidden) name = "SBATCH_" + name;
  return hidden;
}

Argv sbatch(const JobSpec& spec, std::vector<std::string> words) {
  Argv argv{"env"};
  for (auto& name : hidden_variables(spec)) argv.insert(argv.end(), {"-u", std::move(name)});
  argv.push_back("sbatch");
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

}  // namespace slurm_text

namespace {

// A value in a directive line as sbatch reads it: blanks, quotes, `#` and backslashes count there.
std::string quoted(const std::string& text) {
  if (text.find_first_of(" \t\"'\\#") == text.npos) return text;
  return '"' + replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\"") + '"';
}

std::string output_path(const JobIdentity& job) {
  if (job.directory.find('\\') != job.directory.npos)
    throw Error(Exit::usage,
                fmt::format("the state directory {} holds a backslash, which Slurm takes out of "
                            "the names of output files",
                            job.directory),
                "choose another one with PCLUSTER_DIR");
  return fmt::format("{}/jobs/{}{}.out", replace_all(job.directory, "%", "%%"), job.token,
                     job.count > 1 ? "-%a" : "");
}

// The name of a directive as people write it: "--mem=8G", "--mem 8G", "mem".
std::string name_of(std::string_view directive) {
  directive.remove_prefix(std::min(directive.find_first_not_of('-'), directive.size()));
  return std::string(directive.substr(0, directive.find_first_of("= \t")));
}

// Written by us and free to be dropped; the job's name and array are not: we find our jobs by them.
const std::vector<std::string> ours{
    "chdir",           "output",        "no-requeue", "partition",   "account", "nodes",
    "ntasks-per-node", "cpus-per-task", "mem",        "mem-per-cpu", "gres",    "time",
    "time-min",        "signal",        "qos",        "exclude"};
const std::vector<std::string> kept{"job-name", "J", "array", "a"};

std::string user_directive(std::string_view line, std::string_view prefix) {
  line = trim(line);
  if (line.starts_with(prefix)) line = trim(line.substr(prefix.size()));
  const auto name = name_of(line);
  if (!line.starts_with('-') || name.empty())
    throw Error(Exit::usage, fmt::format("\"{}\" is not a directive of Slurm", printable(line)),
                "write it as in a job script: --directive \"--constraint=haswell\"");
  if (std::ranges::find(kept, name) != kept.end())
    throw Error(Exit::usage, fmt::format("pcluster sets {} itself: it finds its jobs by it", name),
                "leave that directive out; --jobs says how many jobs there are");
  return std::string(line);
}

void add_memory(const JobSpec& spec, std::vector<std::string>& all) {
  const auto mb = spec.per_node.memory_mb;
  const std::uint64_t cores = std::max(1u, spec.per_node.cores);
  if (mb > 0 && spec.mem_mode == "node") all.push_back(fmt::format("--mem={}M", mb));
  if (mb > 0 && spec.mem_mode == "cpu")
    all.push_back(fmt::format("--mem-per-cpu={}M", (mb + cores - 1) / cores));
}

constexpr Micros longest_warning = 65535 * second;  // what --signal takes

std::int64_t warning_seconds(const JobSpec& spec) {
  return (std::min(spec.warning, longest_warning) + second - 1) / second;
}

bool names_signal(const std::string& directive) { return name_of(trim(directive)) == "signal"; }

// To the batch shell, which is the worker by then.  Not into a time that nobody has said: it may be
// shorter than the warning.  A signal of the user's own is for the user's own tasks.
bool warns(const JobSpec& spec) {
  return spec.warning > 0 && spec.time > 0 &&
         std::ranges::none_of(spec.drop_directives, names_signal) &&
         std::ranges::none_of(spec.directives, names_signal);
}

std::vector<std::string> directives(const JobSpec& spec, const JobIdentity& job) {
  std::vector<std::string> all{"--job-name=" + quoted(job.name)};
  if (job.count > 1) all.push_back(fmt::format("--array=0-{}", job.count - 1));
  all.push_back("--chdir=" + quoted(job.directory));
  all.push_back("--output=" + quoted(output_path(job)));
  all.push_back("--no-requeue");  // a restarted worker would have lost its tasks anyway
  if (!spec.partition.empty()) all.push_back("--partition=" + quoted(spec.partition));
  if (!spec.account.empty()) all.push_back("--account=" + quoted(spec.account));
  if (!spec.qos.empty()) all.push_back("--qos=" + quoted(spec.qos));
  if (!spec.exclude_nodes.empty())
    all.push_back("--exclude=" + quoted(join(spec.exclude_nodes, ",")));
  all.push_back(fmt::format("--nodes={}", spec.nodes));
  all.push_back("--ntasks-per-node=1");
  if (spec.per_node.cores > 0)
    all.push_back(fmt::format("--cpus-per-task={}", spec.per_node.cores));
  add_memory(spec, all);
  if (spec.per_node.gpus > 0) all.push_back(fmt::format("--gres=gpu:{}", spec.per_node.gpus));
  if (spec.time > 0) all.push_back("--time=" + clock_duration(spec.time));
  if (spec.time_min > 0) all.push_back("--time-min=" + clock_duration(spec.time_min));
  if (warns(spec)) all.push_back(fmt::format("--signal=B:USR1@{}", warning_seconds(spec)));
  for (const auto& dropped : spec.drop_directives) {
    const auto name = name_of(trim(dropped));
    if (std::ranges::find(ours, name) == ours.end())
      throw Error(Exit::usage,
                  fmt::format("\"{}\" is none of the directives that pcluster writes{}",
                              printable(dropped), did_you_mean(name, ours)),
                  "they are " + join(ours, ", "));
    std::erase_if(all, [&](const auto& directive) { return name_of(directive) == name; });
  }
  for (const auto& line : spec.directives) all.push_back(user_directive(line, "#SBATCH"));
  return all;
}

// Since 22.05 Slurm says when a job ends; before, the time that was asked for does, if no less
// would do.
std::string job_end(const JobSpec& spec) {
  const bool known = spec.time > 0 && spec.time_min == 0;
  return known ? fmt::format("${{SLURM_JOB_END_TIME:-$((${{PCLUSTER_JOB_STARTED%.*}} + {}))}}",
                             spec.time / second)
               : "${SLURM_JOB_END_TIME:-0}";
}

std::map<std::string, std::string> script_words(const JobSpec& spec, const JobIdentity& job) {
  const bool array = job.count > 1;
  return {
      {"job_id", array ? "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}" : "${SLURM_JOB_ID}"},
      {"job_index", array ? "${SLURM_ARRAY_TASK_ID}" : "0"},
      {"job_cores", "${SLURM_CPUS_ON_NODE:-0}"},
      {"job_memory_mb", "${SLURM_MEM_PER_NODE:-$((SLURM_MEM_PER_CPU * SLURM_CPUS_ON_NODE))}"},
      {"job_gpus", "${SLURM_GPUS_ON_NODE:-0}"},
      {"job_end", job_end(spec)},
      {"job_warning", std::to_string(warning_seconds(spec))},
      {"job_signal", warns(spec) ? "USR1" : ""},
  };
}

Argv submit(const std::string& script_path, const JobSpec& spec, const JobIdentity&) {
  return slurm_text::sbatch(spec, {"--parsable", script_path});
}

Argv status(const std::string& user, std::span<const std::string> names) {
  Argv argv{"env"};
  for (const auto* filter : {"SQUEUE_ACCOUNT", "SQUEUE_PARTITION", "SQUEUE_QOS"})
    argv.insert(argv.end(), {"-u", filter});  // the user's own habits would hide jobs
  argv.insert(argv.end(), {"SLURM_TIME_FORMAT=%s", "squeue"});  // seconds since 1970
  if (user.empty())
    argv.push_back("--me");
  else
    argv.insert(argv.end(), {"-u", user});
  argv.insert(argv.end(), {"-a", "-h", "-r", "-t", "all", "-n", join(names, ","), "-o",
                           std::string(slurm_text::listing_format)});
  return argv;
}

// "12_0", "12_1", "12_4": one request "12_[0-1,4]"; scancel asks once per word.
Argv cancel(std::span<const std::string> job_ids) {
  std::map<std::string, std::vector<long long>> arrays;
  Argv argv{"scancel"};
  for (const auto& id : job_ids) {
    const auto parts = split(id, '_');
    const auto index = parts.size() == 2 ? to_integer(parts[1]) : std::nullopt;
    if (index)
      arrays[parts[0]].push_back(*index);
    else
      argv.push_back(id);
  }
  for (auto& [array, indexes] : arrays) {
    std::ranges::sort(indexes);
    std::string ranges;
    for (std::size_t first = 0, last = 0; first < indexes.size(); first = ++last) {
      while (last + 1 < indexes.size() && indexes[last + 1] <= indexes[last] + 1) ++last;
      if (!ranges.empty()) ranges += ',';
      ranges += indexes[first] == indexes[last]
                    ? fmt::format("{}", indexes[first])
                    : fmt::format("{}-{}", indexes[first], indexes[last]);
    }
    argv.push_back(fmt::format("{}_[{}]", array, ranges));
  }
  return argv;
}

Argv limits() { return {"scontrol", "--all", "--oneliner", "show", "partition"}; }

// Of thousands of nodes only the few kinds are kept.
Argv nodes() {
  return {"sh", "-c", R"(scontrol --all --oneliner show node | awk '{
  kind = ""
  for (i = 1; i <= NF; i++)
    if ($i ~ /^(Arch|CPUTot|RealMemory|Gres|Partitions)=/) kind = kind " " $i
  print kind }' | sort -u)"};
}

Argv accounts(const std::string& user) {
  return {"sacctmgr",     "--noheader",   "--parsable2",   "show",
          "associations", "user=" + user, "format=account"};
}

}  // namespace

const Adapter slurm{
    .name = "slurm",
    .directive_prefix = "#SBATCH",
    .template_file = "slurm.sh",
    .probe = "sbatch",
    .not_set_up = "Could not establish a configuration source",
    .scrub = {"SLURM_*", "SLURMD_*", "SRUN_*", "PMI_*", "PMI2_*", "PMIX_*"},
    .directives = directives,
    .script_words = script_words,
    .submit = submit,
    .submitted = slurm_text::submitted,
    .status = status,
    .seen = slurm_text::seen,
    .cancel = cancel,
    .limits = limits,
    .limits_seen = slurm_text::limits_seen,
    .remedy = slurm_text::remedy,
    .by_library = &slurm_lib,
    .allocation = slurm_text::allocation,
    .here = &slurm_here,
    .get_allocation = "salloc --nodes=2 --time=1:00:00",
    .next_limits = slurm_text::next_limits,
    .add_limits = slurm_text::add_limits,
    .estimate = slurm_text::estimate,
    .estimated = slurm_text::estimated,
    .reservations = slurm_text::reservations,
    .reservations_seen = slurm_text::reservations_seen,
    .nodes_in = slurm_text::nodes_in,
    .nodes = nodes,
    .nodes_seen = slurm_text::nodes_seen,
    .accounts = accounts,
    .accounts_seen = slurm_text::accounts_seen,
    .has_qos = true,
    .can_exclude = true,
};

// The same scheduler, asked in another way.
const Adapter slurm_lib = [] {
  Adapter library = slurm;
  library.name = "slurm-lib";
  library.submit = slurm_library::submit;
  library.submitted = slurm_library::submitted;
  library.status = slurm_library::status;
  library.seen = slurm_library::seen;
  library.cancel = slurm_library::cancel;
  library.limits = slurm_library::limits;
  library.limits_seen = slurm_library::limits_seen;
  library.by_library = nullptr;
  library.by_commands = &slurm;
  library.fit = slurm_library::fit;
  return library;
}();

}  // namespace pcluster
