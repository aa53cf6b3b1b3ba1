// Messages between workers and launcher (messages.hpp says how they are packed).  No behaviour.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>
#include "launcher/model/ids.hpp"
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
  std::string incarnation;             // "GUARD.N", GUARD random: GUARD.1 ... N-1 are dead
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
  // Of `held`: those that need other workers too.  A launcher that does not know of them as out
  // cannot let them go on; what is all here, or is over, it can.
  std::vector<AttemptId> split;
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

// What a task wrote to its channel after the first `at` bytes; goes on to the client that follows
// it.  With `end`, no more comes.
struct ChannelBytes {
  AttemptId attempt;
  std::string bytes;
  std::uint64_t at = 0;
  bool end = false;
};

using FromWorker =
    std::variant<Hello, Report, Returned, Heartbeat, Bye, InputWanted, Leaving, ChannelBytes>;

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
  Micros pace = 0;  // between two Reports that no slot and no user waits for
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

// Of what a task writes to its channel, its client has the first `have` bytes, and takes `room`
// more.
struct ChannelTaken {
  AttemptId attempt;
  std::uint64_t have = 0;
  std::uint32_t room = 0;
  bool again = false;  // what was sent and `have` does not count may be lost: send it once more
};

using ToWorker = std::variant<Welcome, Define, Assign, Retract, CancelTasks, Ack, Forget,
                              StopWorker, Lend, Release, TaskInput, ChannelTaken>;

}  // namespace pcluster
