// Who has which task: the workers and the workloads together, changed by nothing but records, in
// the running launcher and in replay alike.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include "launcher/core/workers.hpp"
#include "launcher/core/workloads.hpp"
#include "launcher/model/records.hpp"

namespace pcluster {

class Ledger {
 public:
  Workers workers;
  Workloads workloads;

  // Records of other machines change nothing here.  A record that does not fit (its forerunner was
  // lost with a damaged journal) changes as much as still makes sense.
  void apply(const Record&);
  void load_trials(Workload&, PackedLines);
  Epoch epoch() const { return epoch_; }  // of the last EpochBegan

  // An attempt that a worker has, and we do not know to be out: may it go on there?
  bool may_resume(const AttemptId&) const;
  // A task of `exec` waits for it: its assignment was lost with a connection, or not all have
  // called.
  bool awaited(WorkerId) const;

 private:
  void on(const EpochBegan&);
  void on(const WorkerJoined&);
  void on(const WorkerGone&);
  void on(const WorkloadAdded&);
  void on(const WorkloadCancelled&);
  void on(const TasksAssigned&);
  void on(const TasksReturned&);
  void on(const TaskSettled&);
  void on(const TaskFailedOnce&);
  void on(const TaskLost&);
  template <class T>
  void on(const T&) {}  // of other machines

  bool all_here(const Gang&) const;
  void remember_gang(const AttemptId&, const Worker*);
  // Takes the attempt away from where it is (its worker, else the queue); nothing if it is settled.
  Workload* pick_up(const AttemptId&, Worker*);
  void put_back(Workload&, const AttemptId&, TaskQueue::Why);

  Epoch epoch_ = 0;
};

}  // namespace pcluster
