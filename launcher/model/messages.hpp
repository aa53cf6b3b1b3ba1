// Every message of the two links with the launcher (peers.hpp: between workers).  No behaviour.  A
// message is packed as [tag, [field, field, ...]]: tags are the positions in the sums at the end,
// fields stand in order, new fields go last (an older peer's shorter message then decodes with
// their defaults). SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>
#include "launcher/model/ids.hpp"
#include "launcher/model/job.hpp"
#include "launcher/model/result.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

inline constexpr std::uint32_t protocol_version = 1;
inline constexpr std::size_t max_frame = 16u << 20;  // bytes; a larger one ends the connection
inline constexpr std::size_t max_frame_before_hello = 64u << 10;
inline constexpr std::size_t max_trial = 128u << 10;  // bytes; what one word of a command may be
inline constexpr std::size_t max_inline_payload = 256u << 10;  // larger ones go to a file

// ---------------------------------------------------------------- worker -> launcher

struct Hello {
  std::uint32_t version = protocol_version;
  std::string token;   // of the submit that made this worker's job
  std::string job_id;  // the scheduler's own, as in its status listing
  std::string host;
  std::vector<std::string> addresses;  // of the worker's host, for workers' own links later
  std::string incarnation;             // random, made at the worker's start
  Resources size;                      // min(affinity, cgroup, what the job script says)
  std::uint32_t slots = 1;
  bool confined = false;  // cores are bound: the mask is its share
  std::uint64_t pid = 0;
  Micros script_started_unix = 0;  // the job script's first line; 0 = unknown
  // After a lost connection or a new launcher: who we were, and what we hold still.
  std::optional<WorkerId> resumed;
  Epoch last_epoch = 0;
  // Queued or running here, or done and not yet acknowledged: those results follow in Report.
  std::vector<AttemptId> held;
  std::uint16_t port = 0;        // where it listens to the workers of a gang; 0 = nowhere
  std::vector<AttemptId> lent;   // gangs of other workers that have slots here
  std::string route;             // how it reached the launcher, for people: "10.0.0.1:4001"
  std::uint16_t relay_port = 0;  // where it hands connections on to the launcher; 0 = nowhere
  Micros ends_unix = 0;          // its job's end, as the worker knows it; 0 = unknown or none
};

struct Report {
  std::uint64_t sequence = 0;  // of the last result in it; acknowledged by Ack
  std::vector<TaskResult> results;
  std::vector<AttemptId> started;  // since the last report; for `status` and time-outs
};
// The answer to Retract: those not yet started.
struct Returned {
  std::vector<AttemptId> attempts;
};
struct Heartbeat {
  std::uint32_t running = 0, queued = 0;
};
// The worker leaves by itself; what it held is lost.
struct Bye {
  std::string reason;
  std::vector<AttemptId>
      handed_back;  // ran or waited here, and cost no try: the job's end took them
};
// Its job is about to end (walltime, preemption): no more tasks.
struct Leaving {
  std::string reason;
  Micros within = 0;  // from now; 0 = not known
};

// A task takes so many bytes of its standard input more than the first `from` of them, which it
// has. Goes on to the client that follows it.
struct InputWanted {
  AttemptId attempt;
  std::uint32_t bytes = 0;
  std::uint64_t from = 0;
  bool again = false;  // what was sent and `from` does not count may be lost: send it once more
};

using FromWorker = std::variant<Hello, Report, Returned, Heartbeat, Bye, InputWanted, Leaving>;

// ---------------------------------------------------------------- launcher -> worker

struct Welcome {
  WorkerId worker{};
  Epoch epoch = 0;
  Micros heartbeat = 3 * second;         // silence of five intervals: the link is dead
  Micros orphan_timeout = 600 * second;  // without launcher and task: leave
  MpiSettings mpi;                       // of its pool
};
// Before its first Assign.  Replaces an older one: an id whose workload never became durable may
// be given again.
struct Define {
  WorkloadId workload{};
  TaskTemplate task;
};
// One worker's part of a gang (a task whose ranks are on several workers), and how its head, whose
// mpiexec starts them all, reaches it.
struct GangPart {
  WorkerId worker{};
  std::uint32_t ranks = 0, slots = 0;
  std::string host;
  std::vector<std::string> addresses;
  std::uint16_t port = 0;
  bool confined = false;  // its cores are its own: no rank of another part may run on them
};
// Indices first .. first+count-1; `trials` are their values, or empty when `range` says them.
struct Assignment {
  WorkloadId workload{};
  std::uint32_t first = 0, count = 0;
  std::uint32_t number = 1;  // the attempt, the same for all of them
  TrialRange range;
  std::vector<std::string> trials;
  std::vector<GangPart> gang;  // the head is the first; empty: all ranks are on this worker
};
struct Assign {
  Epoch epoch = 0;
  std::vector<Assignment> items;
};
// Give back what has not started.
struct Retract {
  std::vector<AttemptId> attempts;
};
// End what runs (TERM, KILL 5 s later) and drop what waits; each is reported as cancelled.
struct CancelTasks {
  std::vector<AttemptId> attempts;
};
// Results up to here are durable: forget them.
struct Ack {
  std::uint64_t sequence = 0;
};
// No more tasks of it.
struct Forget {
  WorkloadId workload{};
};
// End all tasks and leave.
struct StopWorker {
  std::string reason;
};

// Keep slots for a part of a gang whose head is another worker, in turn with what was assigned;
// what the head then starts here runs on them.  One item, one task.
struct Lend {
  Epoch epoch = 0;
  Assignment item;
};
// These gangs need their slots no more: end what still runs of them here.
struct Release {
  std::vector<AttemptId> attempts;
};
// Standard input of a task, never more than it wanted; with `end`, no more comes.  Nothing in it:
// how much is wanted?
struct TaskInput {
  AttemptId attempt;
  std::string bytes;
  bool end = false;
  std::uint64_t at = 0;  // how many bytes came before these
};

using ToWorker = std::variant<Welcome, Define, Assign, Retract, CancelTasks, Ack, Forget,
                              StopWorker, Lend, Release, TaskInput>;

// ---------------------------------------------------------------- client -> launcher

// `count` jobs of this shape in all, in the pool `pool`: tops up to it.
struct SubmitJobs {
  JobSpec spec;
  std::uint32_t count = 1;
  std::string pool;                     // empty: the one of this shape, or a new one
  Micros idle_timeout = 3600 * second;  // 0 = never
  Micros orphan_timeout = 600 * second;
};
// Cancels what the submit with these tokens queued and did not start yet.
struct CancelJobs {
  std::vector<std::string> tokens;
  bool queued_only = true;
};
// Accept a workload; with `follow` its progress comes on this connection (no gap between the two).
struct AddWorkload {
  WorkloadSpec spec;
  bool follow = true;
};
struct Follow {
  WorkloadId workload{};
};
struct CancelWorkload {
  TaskRef what;
};
struct GetStatus {};
struct GetRunning {
  WorkloadId workload{};
};                      // settled tasks stand in the results table on disk
struct StopCluster {};  // cancel the jobs, end the workers, then the launcher
struct Ping {};
// As many jobs in this pool; fewer: pending ones are cancelled first, then idle ones end, then busy
// ones once their tasks have.
struct ScaleJobs {
  std::string pool;  // empty: the only one
  std::uint32_t count = 0;
  // As many as there is work for, at least `least` and at most `most`; `count` is not looked at.
  bool automatic = false;
  std::uint32_t least = 0, most = 0;
  Micros idle = 300 * second;  // automatic: a job without work for so long is one too many
};
// Why does it wait?
struct Explain {
  TaskRef what;
};

using Request = std::variant<SubmitJobs, CancelJobs, AddWorkload, Follow, CancelWorkload, GetStatus,
                             GetRunning, StopCluster, Ping, ScaleJobs, Explain, TaskInput>;

// ---------------------------------------------------------------- launcher -> client

// Exit as a number.
struct Refusal {
  std::int32_t code = 3;
  std::string message, hint;
};
struct Accepted {};
struct JobsAccepted {
  std::string token;
  std::uint32_t new_jobs = 0, workers_wanted = 0;
  std::string pool;
};
struct WorkloadAccepted {
  WorkloadId workload{};
  std::uint32_t tasks = 0;
};
struct Progress {
  WorkloadId workload{};
  std::uint32_t tasks = 0, queued = 0, running = 0, done = 0, failed = 0, cancelled = 0;
  bool finished = false;
  bool stopped_by_failures = false;  // max_failures reached
  std::int32_t first_exit_code = 0;  // of a one-task workload: its own
  std::int32_t first_signal = 0;
  std::uint32_t slots = 0;  // of all workers at home
  std::string note;         // why nothing runs, when nothing runs
};
struct WorkerRow {
  WorkerId worker{};
  std::string host, job_id, pool, state;  // idle | busy | away (may come back) | gone
  Resources size;
  std::uint32_t slots = 0, busy = 0;
  std::uint64_t tasks_done = 0;
  bool confined = false;
  Micros joined_unix = 0, script_started_unix = 0;
  std::string route;     // as in Hello
  Micros ends_unix = 0;  // its job's end; 0 = unknown or none
  std::string leaving;   // why it gets no more tasks; empty = it does
};
struct JobRow {
  std::string token, job_id, pool;
  JobState state = JobState::submitting;
  std::string reason;                       // the scheduler's own
  std::string workers;                      // "w0,w1"
  Micros end_unix = 0;                      // 0 = unknown or no limit
  std::string log;                          // path of the job script's output
  bool never = false;                       // the reason means that it will not start by itself
  std::uint32_t element = 0, elements = 1;  // of its submit, in the order of the answer
};
struct WorkloadRow {
  Progress progress;
  std::string verb, command;
  Micros added_unix = 0;
  std::string tag;
};
struct PoolRow {
  std::string pool;
  JobSpec spec;
  std::uint32_t wanted_jobs = 0, wanted_workers = 0, workers = 0;
  bool automatic = false;
  std::uint32_t least = 0, most = 0;
  std::string paused;                 // why no more jobs are asked for at present
  std::vector<std::string> excluded;  // nodes where jobs failed again and again
};
struct Status {
  std::string cluster, host, version;
  std::uint64_t pid = 0;
  Epoch epoch = 0;
  std::vector<PoolRow> pools;
  std::vector<JobRow> jobs;
  std::vector<WorkerRow> workers;
  std::vector<WorkloadRow> workloads;
  std::string submit_error, submit_hint;  // of the last submit that the scheduler refused
};
// Side by side.
struct RunningTasks {
  std::vector<AttemptId> attempts;
  std::vector<WorkerId> workers;
};
struct Stopping {
  std::uint32_t jobs = 0, workers = 0;
};
struct Pong {
  std::string version;
};
struct Scaled {
  std::string pool, token;  // of the submit, when there are new jobs
  std::uint32_t jobs = 0;   // wanted now
  std::uint32_t new_jobs = 0, cancelled = 0, ending = 0, draining = 0;
};
// From the task outwards: what ("task 7.3", "worker w1", "job 12_3"), and what is said of it.
struct Explanation {
  std::vector<std::pair<std::string, std::string>> items;
};

using Reply = std::variant<Refusal, Accepted, JobsAccepted, WorkloadAccepted, Progress, Status,
                           RunningTasks, Stopping, Pong, Scaled, Explanation, InputWanted>;

}  // namespace pcluster
