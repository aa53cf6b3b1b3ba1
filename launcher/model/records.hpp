// What the journal holds: everything that must survive the launcher.  Order of the sum is the
// format; new records and new fields go last.  Replaying them through Core::apply gives the state.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>
#include "launcher/model/messages.hpp"

namespace pcluster {

inline constexpr std::uint32_t journal_version = 1;

struct EpochBegan {
  Epoch epoch = 0;
  std::uint32_t version = journal_version;
};
struct PoolAsked {
  PoolId pool{};
  std::string name;
  JobSpec spec;
  std::uint32_t jobs = 0;
  Micros idle_timeout = 0, orphan_timeout = 0;
  bool automatic = false;  // `jobs` follows the work, from `least` to `most`
  std::uint32_t least = 0, most = 0;
  Micros idle = 0;  // automatic: a job without work for so long is one too many
};
// Written and durable before the scheduler is called.
struct SubmitBegan {
  std::string token;
  PoolId pool{};
  std::uint32_t count = 0;
  Micros at_unix = 0;
  std::string part_of{};  // the waiting submit that has so many jobs less from here on
};
struct SubmitAnswered {
  std::string token;
  std::vector<std::string> job_ids;
};
struct SubmitRefused {
  std::string token;
  std::string message, hint;
};
struct JobEnded {
  std::string job_id;
  std::string word, reason;
};
struct WorkerJoined {
  WorkerId worker{};
  std::string token, job_id, host, incarnation;
  Resources size;
  std::uint32_t slots = 0;
  Micros at_unix = 0;
};
struct WorkerGone {
  WorkerId worker{};
  std::string reason;
};
struct WorkloadAdded {
  WorkloadId workload{};
  WorkloadSpec spec;
  Micros at_unix = 0;
};
struct GangShare {
  WorkerId worker{};
  std::uint32_t ranks = 0, slots = 0;
};
struct TasksAssigned {
  WorkerId worker{};
  WorkloadId workload{};
  std::uint32_t first = 0, count = 0, number = 1;
  Epoch epoch = 0;
  std::vector<GangShare> gang;  // of one task on several workers, its head first; else empty
};
// Back to the queue, no try used up.
struct TasksReturned {
  std::vector<AttemptId> attempts;
  // Their worker says that they never began: the next one has the same number, so that a number
  // counts what ran.
  bool unbegun = false;
};
// Final.
struct TaskSettled {
  TaskResult result;
  WorkerId worker{};
};
// Will be retried; with the state `lost`, as a loss.
struct TaskFailedOnce {
  TaskResult result;
  WorkerId worker{};
};
struct WorkloadCancelled {
  WorkloadId workload{};
  std::vector<std::uint32_t> only;
  bool by_failures = false;
};
struct StopAsked {};
// When a task's tries are used up by lost workers, or its one worker is lost.
struct TaskLost {
  AttemptId attempt;
  WorkerId worker{};
  std::string reason;  // empty: lost too often
};
// Ctrl-C of a submit that the scheduler has not answered: its jobs are not wanted.
struct SubmitCancelled {
  std::string token;
};
// The time of the records that follow, for people: of those that carry none.
struct ClockRead {
  Micros at_unix = 0;
};
// Jobs failed there again and again: later submits of the pool leave the node out.
struct NodeExcluded {
  PoolId pool{};
  std::string host, reason;
};

using Record = std::variant<EpochBegan, PoolAsked, SubmitBegan, SubmitAnswered, SubmitRefused,
                            JobEnded, WorkerJoined, WorkerGone, WorkloadAdded, TasksAssigned,
                            TasksReturned, TaskSettled, TaskFailedOnce, WorkloadCancelled,
                            StopAsked, TaskLost, SubmitCancelled, ClockRead, NodeExcluded>;

}  // namespace pcluster
