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

struct Recipe {
  const TaskTemplate* task = nullptr;
  TaskEnvironment environment;
  std::vector<std::string> before;  // words that come first
  std::string failure;              // why none of them can be started
};

class Recipes {
 public:
  Recipes(WorkerFacts, std::string host, std::function<void(const std::string&)> say);
  Recipe& of(const TaskStart&);
  void forget(WorkloadId);
  const WorkerFacts& worker() const { return worker_; }
  void name_worker(std::string name) { worker_.worker = std::move(name); }

 private:
  Recipe make(const TaskStart&);
  MpiKind kind_of(const std::string& mpiexec, const TaskEnvironment&);
  void say_once(const std::string& text);

  WorkerFacts worker_;
  std::string host_;
  std::function<void(const std::string&)> say_;
  std::map<std::pair<WorkloadId, std::uint32_t>, std::unique_ptr<Recipe>> known_;
  std::map<std::string, MpiKind> kinds_;  // by the path of mpiexec
  std::set<std::string> said_;
};

}  // namespace pcluster
