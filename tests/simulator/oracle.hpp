// Knows what really ran, and holds the journal to it: each task settles once, with an attempt that
// ran on that worker and ended so, and nothing runs again without a reason.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "launcher/model/records.hpp"
#include "launcher/model/result.hpp"

namespace pcluster::sim {

class Oracle {
 public:
  std::string wrong;  // the first thing that is; empty = nothing

  // Every AddWorkload that is sent has a nonce of its own, the second word of its command: numbers
  // of workloads may come twice when the launcher dies in time.
  void planned(const std::string& nonce, WorkloadSpec);
  void cancel_asked(const std::string& nonce) { cancelled_.insert(nonce); }

  // What happens in the world.
  void started(const AttemptId&, WorkerId, const std::string& nonce, const std::string& trial);
  void ranks_run(const AttemptId&, WorkerId head);  // all parts of its gang are seated
  void ended(const AttemptId&, WorkerId, TaskState);

  // What the launcher writes, as it is written; then how much of it is durable, or survived.
  void appended(const Record&);
  void durable(std::size_t records);
  void survived(std::size_t records);

  // Promises: nothing that they are about may still be on its way to the disk.
  void promised_result(const AttemptId&);
  void promised_finished(const Progress&);
  void promised_workload(WorkloadId);
  void promised_submit(const std::string& token);
  void promised_worker(WorkerId);
  void assigned(const TaskId&);  // sent to a worker

  void gathered();  // the launcher waits no longer for what workers still run

  void stopped_with(const AttemptId&);         // scaling down ended a worker that ran it
  void stopped_part(const TaskId&, WorkerId);  // or had a seat for it

  bool all_settled() const;  // of every workload in the journal
  std::size_t settled() const { return settled_.size(); }
  std::size_t starts() const { return all_starts_; }
  std::size_t excuses() const { return all_excuses_; }
  std::size_t gangs() const { return gangs_; }

 private:
  using Command = std::pair<std::string, std::uint32_t>;  // nonce and index
  struct Run {
    Command command;
    std::string trial;
    bool ended = false;
    TaskState state = TaskState::running;
  };
  struct Work {
    std::string nonce;
    std::uint32_t tasks = 0, settled = 0;
    std::uint32_t done = 0;
    bool cancelled = false;
  };
  void fail(const std::string& what) {
    if (wrong.empty()) wrong = what;
  }
  void track(const Record&, bool again);
  void excuse(const Command&);
  void excuse(const TaskId&, bool again);  // it may run once more
  void count_loss(const TaskId&, bool again);
  void count_gone(const WorkerGone&, bool again);
  void settle(const Record&);
  void settle_one(const TaskResult&, WorkerId);
  bool ran(const TaskResult&, WorkerId);
  std::uint32_t failures_of(const TaskId&) const;

  std::vector<Record> records_;
  std::size_t durable_ = 0;
  std::multiset<AttemptId> on_its_way_;  // records about these are not durable yet

  // By all records so far.
  std::map<TaskId, std::set<WorkerId>> out_;  // all workers of its gang
  std::map<WorkloadId, std::string> nonces_;
  // Given out to that worker, and no record of it survived.
  std::vector<std::pair<Command, WorkerId>> unrecorded_;
  std::vector<std::pair<WorkerId, TaskId>> just_returned_;
  std::map<WorkloadId, std::uint32_t> done_;
  Epoch epoch_ = 0;

  // By the durable ones.
  std::map<WorkloadId, Work> works_;
  std::set<std::string> tokens_;
  std::set<WorkerId> workers_;
  std::set<TaskId> settled_;
  std::set<AttemptId> failed_once_;

  std::map<std::string, WorkloadSpec> specs_;
  std::set<std::string> cancelled_;
  std::map<std::pair<AttemptId, WorkerId>, Run> runs_;
  std::map<Command, std::uint32_t> starts_, excuses_, losses_;
  std::size_t all_starts_ = 0, all_excuses_ = 0, gangs_ = 0;
};

}  // namespace pcluster::sim
