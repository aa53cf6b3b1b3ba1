// The worker's hands: starts what the agent says on slots of its own, keeps the output, and tells
// how each task ended. SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>
#include "mpi-runtime/agent.hpp"
#include "mpi-runtime/output.hpp"
#include "mpi-runtime/recipe.hpp"
#include "mpi-runtime/residents.hpp"
#include "mpi-runtime/size.hpp"
#include "mpi-runtime/slots.hpp"
#include "mpi-runtime/spawn.hpp"

namespace pcluster {

class Tasks {
 public:
  using Say = std::function<void(const std::string&)>;
  Tasks(Loop&, WorkerFacts, WorkerSize, std::uint32_t slots, Say,
        std::function<void(TaskResult)> finished);

  // The worker has its name: cores are put in order, the spool is opened (each once; throws Error,
  // and may then be called again).
  void welcome(const std::string& worker, const std::string& spool_directory);
  void start(const TaskStart&);
  void signal(const AttemptId&, int signal);
  void signal_all(int signal);
  void forget(WorkloadId);
  void end_residents(WorkloadId workload) { residents_.end_workload(workload); }
  std::uint32_t running() const { return spawner_.running(); }
  TaskOutput& output() { return output_; }

 private:
  struct Sitting {
    Seat seat;
    AttemptId attempt;
    bool signalled = false;  // by us
  };
  bool start_now(const TaskStart&);  // false: no seat is free
  void start_at(const TaskStart&, const Seat&);
  void start_waiting();
  Room missing() const;
  void ended(const Ended&);
  void resident_ended(const Ended&);
  void tell(const Ended&, bool signalled, TaskResult);
  void cannot(const AttemptId&, int code, const std::string& message);
  std::string result_path(std::uint32_t slot) const;

  Loop& loop_;
  Say say_;
  std::function<void(TaskResult)> finished_;
  std::string host_;
  WorkerSize size_;
  Recipes recipes_;
  TaskOutput output_;
  Slots slots_;
  std::vector<Sitting> sitting_;  // by the first slot of each
  std::map<AttemptId, std::uint32_t> slot_of_;
  std::vector<TaskStart> waiting_;  // for seats of residents that are about to end
  Spawner spawner_;
  Residents residents_;
};

}  // namespace pcluster
