// What a scheduler is, to us: words and pure functions.  It builds argv and reads text; running
// commands is not its business.  A new scheduler is one such value, one template, one line in the
// registry.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
#include "launcher/model/job.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

using Argv = std::vector<std::string>;

// What running a command gave; how adapters see the world.
struct CommandResult {
  int exit_code = 0;  // 127 = not found, 126 = not startable, -1 = killed by a signal or timed out
  bool timed_out = false;
  std::string out, err;
};

// What the job script is rendered from, besides the JobSpec.
struct JobIdentity {
  std::string cluster;  // its name
  std::string name;     // pcl-CLUSTER-TOKEN
  std::string token;
  std::string directory;    // the cluster's state directory, visible to the nodes
  std::uint32_t count = 1;  // > 1: an array
};

struct SubmitAnswer {
  enum class Kind { accepted, refused, unanswered } kind = Kind::unanswered;
  std::vector<std::string> job_ids;  // accepted: one per job, as in the status listing
  std::string message, hint;         // refused: the scheduler's words, and what to do
  bool later = false;  // refused: too many jobs now; it would take them when others have ended
};

// What the live scheduler says of a partition; 0 or empty = not said or no limit.
struct PartitionLimits {
  std::string name;
  bool is_default = false, up = true;
  std::uint32_t max_cores = 0;               // per node
  std::uint64_t max_memory_mb = 0;           // per node
  std::uint64_t memory_mb_per_core = 0;      // default
  std::uint64_t max_memory_mb_per_core = 0;  // more memory takes more cores
  Micros max_time = 0;
  std::uint32_t nodes = 0;
  std::string routes_to;  // "small,large": it runs no job itself, but hands each on to one of these
};

struct Adapter {
  std::string_view name;              // "slurm"
  std::string_view directive_prefix;  // "#SBATCH"
  std::string_view template_file;     // "slurm.sh" in templates/
  std::string_view
      probe;  // program whose presence on PATH means this scheduler; empty = always there
  // Words of the limits command that mean: its programs are installed, but no cluster is set up.
  std::string_view not_set_up;
  std::vector<std::string> scrub;  // glob patterns of variables that MPI tasks must not inherit

  // Directives without prefix, in order and quoted as the scheduler reads them; the user's own
  // last. Names in spec.drop_directives left out; throws Error on one that is none of ours.
  std::vector<std::string> (*directives)(const JobSpec&, const JobIdentity&);
  // The scheduler's words for the template: job_id (as in the status listing), job_index,
  // job_cores, job_memory_mb, job_gpus: shell code, for the job on its node; 0 = not said.
  std::map<std::string, std::string> (*script_words)(const JobSpec&, const JobIdentity&);
  Argv (*submit)(const std::string& script_path, const JobSpec&, const JobIdentity&);
  SubmitAnswer (*submitted)(const CommandResult&, const JobIdentity&);
  // One listing of all the user's jobs with these names (JobIdentity::name), ended ones too where
  // it can.
  Argv (*status)(const std::string& user, std::span<const std::string> names);
  // Nothing: no answer (controller away); an empty list is an answer.  Second: the job's name.
  std::optional<std::vector<std::pair<std::string, JobSeen>>> (*seen)(const CommandResult&);
  Argv (*cancel)(std::span<const std::string> job_ids);
  Argv (*limits)();  // empty = the scheduler has no partitions
  std::optional<std::vector<PartitionLimits>> (*limits_seen)(const CommandResult&);
  // What a person can do about a job's reason to wait or to have ended (JobSeen::reason); empty =
  // nothing, or not known.
  std::string_view (*remedy)(std::string_view reason);
  // Where several schedulers have a program of the probe's name: what to ask it, and whether the
  // answer is this one's.  Nothing: the probe is enough.
  Argv version = {};
  bool (*is_mine)(const CommandResult&) = nullptr;
};

extern const Adapter slurm, pbs, torque, local;
std::span<const Adapter* const> adapters();          // the registry
const Adapter* find_adapter(std::string_view name);  // null when unknown

// The job script: the template filled with directives, set-up lines and words, all quoted by their
// type.  Throws Error on an unknown field in the template; `template_name` is for that message, and
// the adapter's own if empty.
std::string render_job_script(const Adapter&, const JobSpec&, const JobIdentity&,
                              std::string template_name = {});
// The names of the fields that a template may use.
std::vector<std::string> template_fields(const Adapter&);

}  // namespace pcluster
