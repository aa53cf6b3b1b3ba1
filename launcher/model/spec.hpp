// What users ask for: the shape of jobs, and workloads of tasks.  Values only.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>
#include "launcher/base/units.hpp"
#include "launcher/model/ids.hpp"

namespace pcluster {

struct Resources {
  std::uint32_t cores = 0;
  std::uint64_t memory_mb = 0;  // MB of 2^20 bytes; 0 = not said
  std::uint32_t gpus = 0;
  bool operator==(const Resources&) const = default;
};

using Environment = std::vector<std::pair<std::string, std::string>>;

// What a site says about its MPI (`mpi:` in its profile); empty: what `mpiexec --version` tells.
struct MpiSettings {
  std::string mpiexec;                 // command or path; empty = "mpiexec" on the task's PATH
  std::string kind;                    // "openmpi4", "openmpi5", "mpich", "intel"; empty = ask it
  std::vector<std::string> arguments;  // words of mpiexec, after ours
  Environment environment;             // over our defaults, below what users set
  bool span_jobs = true;               // false: no task's ranks in more than one job
  bool operator==(const MpiSettings&) const = default;
};

struct PortRange {  // both included; 0 = any
  std::uint16_t first = 0, last = 0;
  bool operator==(const PortRange&) const = default;
};

// How much a site wants to be asked; 0 = no limit known, our own default.
struct SchedulerManners {
  std::uint32_t max_jobs = 0;   // of the user, queued and running
  std::uint32_t max_array = 0;  // jobs in one submit
  Micros submit_every = 0;      // least time between two submits
  Micros poll = 0;              // between two looks at the queue
  bool operator==(const SchedulerManners&) const = default;
};

// Jobs of one shape (a pool has one).  Everything is resolved: the launcher looks nothing up.
struct JobSpec {
  std::string site;       // name of the profile, for people
  std::string adapter;    // "slurm", "local": the key of adapters/registry
  std::string partition;  // empty = the scheduler's default
  std::string account;
  std::uint32_t nodes = 1;              // per job; one worker each
  Resources per_node;                   // 0 = the scheduler's default
  Micros time = 0;                      // walltime; 0 = none asked for, the partition's default
  std::uint32_t slots = 0;              // per worker; 0 = one per core
  std::string mem_mode = "node";        // which directive says memory: node | cpu | none
  std::string local_directory;          // node-local scratch; empty = $TMPDIR, else /tmp
  std::vector<std::string> directives;  // the user's own, last word
  std::vector<std::string> drop_directives;  // names of ours to leave out
  std::vector<std::string> setup;            // shell lines before the worker starts
  std::string job_template;                  // mustache text (templates/)
  std::string worker_binary;                 // absolute path of pcluster on the nodes
  // Shell lines between set-up and worker, and after the worker has ended, however it did.
  std::vector<std::string> prologue, epilogue;
  MpiSettings mpi;
  std::string qos;
  Micros time_min = 0;  // a job this long would do: a scheduler may give less than `time`
  Micros warning = 0;   // the scheduler tells the worker so long before the end; 0 = it does not
  std::vector<std::string> exclude_nodes;
  PortRange ports;  // where workers may listen
  SchedulerManners manners;
  bool operator==(const JobSpec&) const = default;
};

// Trials A, A+step, ..., up to and with `last`.
struct TrialRange {
  std::int64_t first = 0, last = 0, step = 1;
  bool operator==(const TrialRange&) const = default;
};
using TrialLines = std::vector<std::string>;
// Lines too large for a message: a file below the state directory, checked by its SHA-256.
struct TrialFile {
  std::string name, sha256;
  std::uint32_t count = 0;
  bool operator==(const TrialFile&) const = default;
};
using Trials = std::variant<TrialRange, TrialLines, TrialFile>;

// How far apart the ranks of one task may be.
enum class Span : std::uint8_t { pool, job, worker };

// What a task is, but for its trial.  Workers get it once and fill the trial in (expand.hpp).
struct TaskTemplate {
  std::vector<std::string> argv;
  std::string directory;           // working directory
  Environment environment;         // --env: set over all other, to the letter
  bool clean_environment = false;  // --env-none: start from nothing but ours
  bool keep_threads = false;       // --threads keep
  std::string output;              // `--output` path with {trial}; empty = the spool
  std::uint32_t ranks = 0;         // 0 = no MPI; else `mpiexec -np ranks`
  Resources each;                  // per rank (or per task); 0 cores = the slot's, 1 for a rank
  Micros time_limit = 0;           // kills; 0 = none
  // Of the user's shell: set over the worker's own, whose search paths follow these.
  Environment sent;
  // Names of a trial's values, which tabs separate: `{name}` is one of them.  Empty: a trial is one
  // value.
  std::vector<std::string> columns;
  bool beside = false;  // takes no slot: it starts at once, beside whatever runs there
  Span span = Span::pool;
  bool bind = true;         // --bind none: nothing binds its processes to the cores of its slots
  bool resident = false;    // started once per slot (or gang), then fed trials: docs/resident.md
  Micros ready_within = 0;  // a resident says that it is ready by then; 0 = the default
  bool input = false;       // its standard input is the client's: InputWanted, TaskInput
  // It and its client talk over $PCLUSTER_CHANNEL (docs/channels.md): TaskInput that way,
  // ChannelBytes this way.
  bool channel = false;
  bool operator==(const TaskTemplate&) const = default;
};

struct WorkloadSpec {
  std::string verb;  // "map", "run", "smoke": for `status`
  TaskTemplate task;
  Trials trials = TrialRange{0, 0, 1};
  Micros time_request = 0;         // places only: the job must last this long still
  std::uint32_t retries = 0;       // for a task's own failures
  std::uint32_t loss_retries = 3;  // for lost workers, not counted as the task's own
  std::int32_t priority = 0;       // higher first
  std::uint32_t max_failures = 0;  // stop the workload after so many; 0 = never
  std::string tag;                 // the user's own name for it
  // Its tasks wait for these: all their tasks done (else it is cancelled), or all of them settled.
  std::vector<WorkloadId> after, after_any;
  // Task i runs on worker on[i] and nowhere else, at once, and takes no slot.  Empty: anywhere.
  std::vector<WorkerId> on;
  bool operator==(const WorkloadSpec&) const = default;
};

std::uint32_t task_count(const Trials&);
// The trial's value as text; `trials` must not be a TrialFile.
std::string trial_value(const Trials&, std::uint32_t index);

// How many of a worker's slots a task takes: the fewest whose cores, memory and gpus cover what its
// ranks ask for; 0 = it does not fit.  `worker` is the whole worker, shared evenly by its slots.
std::uint32_t slots_for(const TaskTemplate&, const Resources& worker, std::uint32_t slots);
// The same for so many of its ranks, and its inverse: the most ranks that `part` of the slots hold.
std::uint32_t slots_for_ranks(const TaskTemplate&, std::uint32_t ranks, const Resources& worker,
                              std::uint32_t slots);
std::uint32_t ranks_in(const TaskTemplate&, std::uint32_t part, const Resources& worker,
                       std::uint32_t slots);

}  // namespace pcluster
