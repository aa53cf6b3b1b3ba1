// What a scheduler is, to us: words and pure functions.  It builds argv and reads text; running
// commands is not its business.  A new scheduler is one such value, one template, one line in the
// registry.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
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

// "pcluster" and "pcluster-..." as the first word are programs of ours: whoever runs it adds where
// they are.
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
  std::string directory;        // the cluster's state directory, visible to the nodes
  std::uint32_t count = 1;      // > 1: an array
  std::string role = "worker";  // what pcluster is to be there
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
  std::string node_list;  // as the scheduler writes it; empty = not said
  std::string qos;        // the partition's own; empty = none
  // Of one user: queued and running together; running; in one submit.
  std::uint32_t max_jobs = 0, max_running = 0, max_array = 0;
  bool restricted = false;  // not for everybody
  // Of its largest node; only when the nodes were asked for, too.
  std::uint32_t node_cores = 0, node_gpus = 0;
  std::uint64_t node_memory_mb = 0;
  std::string arch;  // of its nodes, when they have one
};

// Whose limits: what a submit would say.
struct Submitter {
  std::string user, account, qos;  // empty = the scheduler's default for them
};

// When a job would start, in the scheduler's estimate.
struct Estimate {
  Micros start_unix = 0;
  std::string partition, nodes;
};

// Nodes that the scheduler keeps for something else.
struct Reservation {
  std::string name, node_names;
  Micros start_unix = 0, end_unix = 0;
  bool maintenance = false;
  std::vector<std::string> nodes;
};

// The environment of a shell, and the files that it names: how an allocation is recognised.
using Shell = std::map<std::string, std::string, std::less<>>;
using FileText = std::function<std::optional<std::string>(const std::string& path)>;

// Nodes that the scheduler has given to the shell that asks.
struct Allocation {
  std::string job_id;
  std::uint32_t nodes = 1;
  std::string node_names;          // for people
  Resources per_node;              // of the smallest; 0 = not said
  std::vector<std::string> setup;  // shell lines that starting programs there needs
};

// Whether a program of ours over the scheduler's library serves here, from what it answered.
struct LibraryFit {
  bool works = true;  // false: it cannot be used
  std::string why;    // why the commands are the better choice all the same; empty = it is as good
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
  // job_cores, job_memory_mb, job_gpus: shell code, for the job on its node; 0 = not said.  Of its
  // end: job_end (Unix seconds; 0 = not known), job_warning (so many seconds before it no more
  // tasks begin), job_signal (the name of the signal that the scheduler sends then; empty = none).
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
  // The same scheduler through a program of ours over its library; null: there is none.
  const Adapter* by_library = nullptr;
  // Of such a one: the scheduler's own commands, for what the program does not do (it ends with 126
  // then) or where it cannot start; and how well it serves here, from what `limits` gave.
  const Adapter* by_commands = nullptr;
  LibraryFit (*fit)(const CommandResult&) = nullptr;

  // `submit --here`: the allocation that this shell is in; the adapter that starts workers on its
  // nodes, whose JobSpec has the allocation's id for its partition; and how to get one.
  std::optional<Allocation> (*allocation)(const Shell&, const FileText&) = nullptr;
  const Adapter* here = nullptr;
  std::string_view get_allocation = {};

  // Limits that stand elsewhere than the partitions': the next command to ask, after these answers;
  // empty = none.  Those after the first may be slow, and change seldom.
  Argv (*next_limits)(const Submitter&, std::span<const CommandResult> so_far) = nullptr;
  void (*add_limits)(const Submitter&, std::span<const CommandResult>,
                     std::vector<PartitionLimits>&) = nullptr;

  // `explain`: when a job would start.  The script goes to the command's standard input; nothing is
  // submitted.  And what is reserved; nodes of a partition, one by one.
  Argv (*estimate)(const JobSpec&) = nullptr;
  std::optional<Estimate> (*estimated)(const CommandResult&) = nullptr;
  Argv (*reservations)() = nullptr;
  std::vector<Reservation> (*reservations_seen)(const CommandResult&) = nullptr;
  std::vector<std::string> (*nodes_in)(std::string_view list) = nullptr;

  // What nodes have, added to their partitions' limits.  Null: it cannot be asked in one go.
  Argv (*nodes)() = nullptr;
  void (*nodes_seen)(const CommandResult&, std::vector<PartitionLimits>&) = nullptr;
  // The accounts that a user may name; nothing = it was not told.  Null: it cannot be asked.
  Argv (*accounts)(const std::string& user) = nullptr;
  std::vector<std::string> (*accounts_seen)(const CommandResult&) = nullptr;
  bool has_qos = false;      // JobSpec::qos means something
  bool can_exclude = false;  // and so does exclude_nodes
};

extern const Adapter slurm, slurm_lib, pbs, torque, local, slurm_here, pbs_here;
std::span<const Adapter* const> adapters();  // the registry
// Those of allocations too; null when unknown.
const Adapter* find_adapter(std::string_view name);

// The job script: the template filled with directives, set-up lines and words, all quoted by their
// type.  Throws Error on an unknown field in the template; `template_name` is for that message, and
// the adapter's own if empty.
std::string render_job_script(const Adapter&, const JobSpec&, const JobIdentity&,
                              std::string template_name = {});
// The names of the fields that a template may use.
std::vector<std::string> template_fields(const Adapter&);

}  // namespace pcluster
