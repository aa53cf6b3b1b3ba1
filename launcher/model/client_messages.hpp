// Messages between clients and launcher (messages.hpp says how they are packed).  No behaviour.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>
#include "launcher/model/job.hpp"
#include "launcher/model/worker_messages.hpp"

namespace pcluster {

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

using Request =
    std::variant<SubmitJobs, CancelJobs, AddWorkload, Follow, CancelWorkload, GetStatus, GetRunning,
                 StopCluster, Ping, ScaleJobs, Explain, TaskInput, ChannelTaken>;

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

// An attempt of a task with a channel has begun (running), or is over: as in TaskResult, or lost
// with its worker.
struct ChannelState {
  AttemptId attempt;
  WorkerId worker{};
  std::string host;
  TaskState state = TaskState::running;
  std::int32_t exit_code = 0, signal = 0;
  std::string message;  // why, where the program itself does not say it
  bool again = false;   // it is over, and will be tried again
};

using Reply =
    std::variant<Refusal, Accepted, JobsAccepted, WorkloadAccepted, Progress, Status, RunningTasks,
                 Stopping, Pong, Scaled, Explanation, InputWanted, ChannelBytes, ChannelState>;

}  // namespace pcluster
