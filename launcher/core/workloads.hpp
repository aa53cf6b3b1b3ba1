// Workloads: what of each is queued, out and settled, whose turn it is, and how long tasks take.
// Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "launcher/core/ended.hpp"
#include "launcher/core/queue.hpp"
#include "launcher/core/workers.hpp"
#include "launcher/model/messages.hpp"
#include "launcher/model/packed_lines.hpp"
#include "launcher/model/records.hpp"

namespace pcluster {

// The walls of the last tasks: a workload is short, or even, only when it has shown it.
class Walls {
 public:
  void add(Micros wall);
  std::optional<Micros> median() const;  // nothing when there are too few of them
  bool even() const;                     // none is much longer than most

 private:
  static constexpr std::uint32_t kept_ = 15, enough_ = 3, enough_for_even_ = 8;
  std::array<Micros, kept_> recent_{};
  std::uint32_t seen_ = 0;
};

struct Workload {
  Workload(const WorkloadAdded&, Epoch);

  WorkloadId id{};
  WorkloadSpec spec;  // without its trials and environment once it has finished
  PackedLines lines;  // its trials, when they are no range
  std::string command;
  Micros added_unix = 0;
  Epoch epoch = 0;  // of the launcher that accepted it: no attempt of it can be older
  std::uint32_t tasks = 0, running = 0, done = 0, failed = 0, cancelled = 0;
  TaskQueue queue;
  Walls walls;
  bool cancel_asked = false, by_failures = false, closed = false;
  std::set<std::uint32_t> cancel_tasks;  // single ones that were out when they were cancelled
  std::int32_t first_exit_code = 0, first_signal = 0;
  std::vector<Gang> idle_gangs;  // of a resident: where its program waits for a trial, newest last
  std::set<WorkloadId> waits_for;  // those that it comes after and that have not finished
  std::optional<WorkloadId>
      doomed_by;  // one of spec.after that finished, and not all of it is done

  bool pinned() const { return !spec.on.empty(); }
  bool finished() const { return queue.empty() && running == 0; }
  bool trials_missing() const {
    return std::holds_alternative<TrialFile>(spec.trials) && lines.empty();
  }
  bool is_cancelled(std::uint32_t index) const {
    return cancel_asked || cancel_tasks.contains(index);
  }
  void used(const Gang&);  // by a trial that has ended: a resident goes on there
  void take_gang(const Gang&);
  void lose_gangs(WorkerId);
  // How long a worker's job must last still for a task of this to be given to it.
  Micros needs_time() const {
    return spec.time_request > 0 ? spec.time_request : spec.task.time_limit;
  }
};

// Whole in memory: those that have not finished, and the newest of those that have.
class Workloads {
 public:
  static constexpr std::size_t most_finished = 1000;

  Workload& add(const WorkloadAdded&, Epoch);
  Workload* find(WorkloadId);
  const Workload* find(WorkloadId) const;
  WorkloadId next() const { return WorkloadId{last_ + 1}; }
  void pass_over(WorkloadId used) { last_ = std::max(last_, static_cast<std::uint32_t>(used)); }
  const std::map<WorkloadId, Workload>& all() const { return all_; }
  std::map<WorkloadId, Workload>& all() { return all_; }

  // Those with tasks that could go out, in the order of their turn: priority, then age.
  const std::set<std::pair<std::int64_t, WorkloadId>>& turns() const { return turns_; }
  // Those with tasks that could go out to one worker each; these have no turns.
  const std::set<WorkloadId>& pinned() const { return pinned_; }
  // To be cancelled: what they come after has failed.
  const std::set<WorkloadId>& doomed() const { return doomed_; }
  void changed(Workload&);  // its queue or counts did
  const std::set<WorkloadId>& without_trials() const { return without_trials_; }
  std::vector<WorkloadId> take_finished() { return std::exchange(finished_, {}); }
  // Of one that has finished, however long ago; nothing of others.
  std::optional<EndedWorkload> ended(WorkloadId) const;
  bool knows(WorkloadId id) const { return find(id) != nullptr || ended_.find(id); }
  void forget_old();  // but for what ended() tells; nobody may have a hand on one

 private:
  void wait_for(Workload&, WorkloadId before);
  void meet(Workload&, const EndedWorkload& before);
  void close(Workload&);

  std::map<WorkloadId, Workload> all_;
  std::set<std::pair<std::int64_t, WorkloadId>> turns_;
  std::set<WorkloadId> without_trials_;  // their file was not read yet
  std::set<WorkloadId> pinned_, doomed_;
  std::map<WorkloadId, std::set<WorkloadId>> followers_;  // who waits for this one
  std::vector<WorkloadId> finished_;                      // since the last take_finished()
  std::set<WorkloadId> closed_;                           // finished, and whole in memory
  EndedWorkloads ended_;
  std::uint32_t last_ = 0;
};

}  // namespace pcluster
