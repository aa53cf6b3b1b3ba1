// How the tasks of one workload are started here: their environment, and for MPI the site's mpiexec
// before their words.  Made once per workload and share.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include "mpi-runtime/agent.hpp"
#include "mpi-runtime/environment.hpp"
#include "mpi-runtime/mpi_start.hpp"

namespace pcluster {

// For the shared memory of ranks that another worker has started here: a worker's own.
std::string memory_directory_of(const std::string& local_directory);

struct Recipe {
  const TaskTemplate* task = nullptr;
  TaskEnvironment environment;
  std::vector<std::string> before;  // words that come first
  std::string hosts;                // of its gang: another gang's tasks have another recipe
  std::string failure;              // why none of them can be started
};

class Recipes {
 public:
  Recipes(WorkerFacts, std::string host, std::function<void(const std::string&)> say);
  Recipe& of(const TaskStart&);
  // Of what the head of a gang starts on the slots that it has here.
  TaskEnvironment of_part(const TaskStart&) const;
  void forget(WorkloadId);
  const WorkerFacts& worker() const { return worker_; }
  void name_worker(std::string name) { worker_.worker = std::move(name); }
  void set_mpi(MpiSettings);
  // What the workers of a gang are reached by, when this one is its head.
  std::string agent() const { return worker_.local_directory + "/mpi-agent"; }
  std::string memory_directory() const { return memory_directory_of(worker_.local_directory); }

 private:
  Recipe make(const TaskStart&);
  void add_mpi(Recipe&, const TaskStart&);
  std::string sessions() const;  // the directory for Open MPI's own; made
  MpiKind kind_of(const std::string& mpiexec, const TaskEnvironment&);
  void say_once(const std::string& text);

  WorkerFacts worker_;
  std::string host_;
  MpiSettings mpi_;  // of the site
  std::function<void(const std::string&)> say_;
  std::map<std::pair<WorkloadId, std::uint32_t>, std::unique_ptr<Recipe>> known_;
  std::map<std::string, MpiKind> kinds_;  // by the path of mpiexec
  std::set<std::string> said_;
};

}  // namespace pcluster
