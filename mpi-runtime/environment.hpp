// The environment of tasks: the worker's own, what the workload sets over it, and what pcluster
// tells each task.  Built once per workload and share; a task changes a few strings.  Pure: no
// clock, no I/O. SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include "launcher/model/ids.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

// What is the same for all tasks of a worker.
struct WorkerFacts {
  std::string cluster, worker;  // "default", "w3"
  std::string local_directory;
  std::string state_directory, program;  // the cluster's; pcluster itself
  std::vector<std::string> environment;  // "NAME=value", the worker's own
  std::vector<std::string> scrub;        // globs of names that MPI tasks do not inherit
};

// What differs from task to task.
struct TaskFacts {
  AttemptId attempt;
  std::string_view trial;
  std::string_view result;  // path of $PCLUSTER_RESULT
  std::string_view gpus;    // "0,3"; empty = what the worker has stays
};

struct TaskShape {                       // cores and memory as the task is told
  std::uint32_t cores = 1, threads = 1;  // in all; per rank
  std::uint64_t memory_mb = 0;
};
// `share`: what the task's slots mean.  What it asked for wins; a rank has one core unless it says
// more.
TaskShape shape_of(const TaskTemplate&, const Resources& share);

class TaskEnvironment {
 public:
  // `defaults` stand unless the worker's environment or the workload sets them (MPI's settings);
  // `ours` stand whatever they set.
  TaskEnvironment(const WorkerFacts&, const TaskTemplate&, WorkloadId, const Resources& share,
                  const Environment& defaults = {}, const Environment& ours = {});

  // Ends with nullptr; valid until the next call.
  const char* const* fill(const TaskFacts&);
  const std::string& path() const { return path_; }  // PATH, or empty
  const std::string* find(
      std::string_view name) const;  // the whole "NAME=value" of the constant part
  // Inherited thread counts that we overrode: "OMP_NUM_THREADS=8 -> 2".
  const std::vector<std::string>& overridden() const { return overridden_; }
  const std::vector<std::string>& constant() const { return constant_; }

 private:
  void set(std::string_view name, std::string_view value);
  void inherit(const WorkerFacts&, const TaskTemplate&);
  void set_sent(const Environment&);
  void set_threads(const TaskTemplate&, std::uint32_t threads);
  void name_changing(const TaskTemplate&);

  std::vector<std::string> constant_;
  std::vector<std::string> names_, changing_;  // of what differs from task to task
  std::vector<std::string> columns_;
  bool own_gpus_ = false;
  std::vector<const char*> entries_;
  std::string path_;
  std::vector<std::string> overridden_;
};

}  // namespace pcluster
