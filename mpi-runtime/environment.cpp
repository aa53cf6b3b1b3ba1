// The environment of tasks.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/environment.hpp"

#include <algorithm>
#include <array>

#include "launcher/base/text.hpp"
#include "launcher/model/expand.hpp"

namespace pcluster {
namespace {

// Without these, BLAS and OpenMP take every core of the node in every task.
constexpr std::array thread_counts{"OMP_NUM_THREADS",        "OPENBLAS_NUM_THREADS",
                                   "MKL_NUM_THREADS",        "BLIS_NUM_THREADS",
                                   "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS",
                                   "NUMBA_NUM_THREADS",      "OPENCV_FOR_THREADS_NUM"};

// Lists of directories, whose entries add up.
constexpr std::string_view search_paths[] = {"PATH", "LD_LIBRARY_PATH", "PYTHONPATH"};

// The worker's job described itself in these; a task has figures and a channel of its own.
constexpr std::array about_the_worker{"PCLUSTER_JOB_CORES", "PCLUSTER_JOB_MEM_MB",
                                      "PCLUSTER_JOB_GPUS", "PCLUSTER_JOB_STARTED",
                                      "PCLUSTER_CHANNEL"};

// Left by an outer MPI launcher: a program that sees them believes to be one of its ranks.
constexpr std::array of_mpi_launchers{"PMI*", "HYDI_*", "MPI_LOCAL*", "ORTE_*", "PRTE_*", "OMPI_*"};
constexpr std::array settings_of_people{"OMPI_MCA_*", "PRTE_MCA_*", "OMPI_ALLOW_RUN_AS_ROOT*"};

constexpr std::array always_changing{"PCLUSTER_TASK", "PCLUSTER_TRIAL", "PCLUSTER_INDEX",
                                     "PCLUSTER_ATTEMPT", "PCLUSTER_RESULT"};

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

template <class Names>
bool any_matches(const Names& globs, std::string_view name) {
  return std::any_of(std::begin(globs), std::end(globs),
                     [name](std::string_view glob) { return matches(name, glob); });
}

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// In the ranks of Open MPI's mpiexec even OMPI_MCA_* is the launcher's.
bool inside_open_mpi(const std::vector<std::string>& environment) {
  return std::any_of(environment.begin(), environment.end(), [](const std::string& entry) {
    return name_of(entry) == "OMPI_COMM_WORLD_SIZE";
  });
}

bool scrubbed(std::string_view name, const WorkerFacts& worker, bool nested) {
  if (any_matches(worker.scrub, name)) return true;
  if (!any_matches(of_mpi_launchers, name)) return false;
  return nested || !any_matches(settings_of_people, name);
}

// `first`, then the entries of `then` that it lacks.
std::string joined_paths(const std::string& first, const std::string& then) {
  auto all = first.empty() ? std::vector<std::string>{} : split(first, ':');
  for (auto& entry : split(then, ':'))
    if (!entry.empty() && !contains(all, entry)) all.push_back(std::move(entry));
  return join(all, ":");
}

}  // namespace

TaskShape shape_of(const TaskTemplate& task, const Resources& share) {
  std::uint32_t ranks = std::max(task.ranks, 1u);
  TaskShape shape;
  shape.threads = task.each.cores != 0 ? task.each.cores : task.ranks != 0 ? 1 : share.cores;
  shape.threads = std::max(shape.threads, 1u);
  shape.cores = shape.threads * ranks;
  shape.memory_mb = task.each.memory_mb != 0 ? task.each.memory_mb * ranks : share.memory_mb;
  return shape;
}

void TaskEnvironment::set(std::string_view name, std::string_view value) {
  std::string entry = std::string(name).append("=").append(value);
  for (auto& old : constant_)
    if (name_of(old) == name) {
      old = std::move(entry);
      return;
    }
  constant_.push_back(std::move(entry));
}

const std::string* TaskEnvironment::find(std::string_view name) const {
  for (const auto& entry : constant_)
    if (name_of(entry) == name) return &entry;
  return nullptr;
}

void TaskEnvironment::inherit(const WorkerFacts& worker, const TaskTemplate& task) {
  if (task.clean_environment) return;
  bool nested = inside_open_mpi(worker.environment);
  for (const auto& entry : worker.environment) {
    auto name = name_of(entry);
    if (name.empty() || contains(about_the_worker, name)) continue;
    if (task.ranks != 0 && scrubbed(name, worker, nested)) continue;
    set(name, entry.substr(std::min(name.size() + 1, entry.size())));
  }
}

// What the worker's job set up (`module load`) stays behind what the user's shell sent.
void TaskEnvironment::set_sent(const Environment& sent) {
  for (const auto& [name, value] : sent) {
    const std::string* own = find(name);
    const bool adds = own != nullptr && contains(search_paths, name);
    set(name, adds ? joined_paths(value, own->substr(name.size() + 1)) : value);
  }
}

void TaskEnvironment::set_threads(const TaskTemplate& task, std::uint32_t threads) {
  if (task.keep_threads) return;
  std::string count = std::to_string(threads);
  for (std::string_view name : thread_counts) {
    const std::string* inherited = find(name);
    if (inherited != nullptr && inherited->substr(name.size() + 1) != count)
      overridden_.push_back(*inherited + " -> " + count);
    set(name, count);
  }
}

TaskEnvironment::TaskEnvironment(const WorkerFacts& worker, const TaskTemplate& task,
                                 WorkloadId workload, const Resources& share,
                                 const Environment& defaults, const Environment& ours) {
  TaskShape shape = shape_of(task, share);
  inherit(worker, task);
  set_threads(task, shape.threads);
  for (const auto& [name, value] : defaults)
    if (find(name) == nullptr) set(name, value);
  set_sent(task.sent);
  for (const auto& [name, value] : task.environment) set(name, value);
  for (const auto& [name, value] : ours) set(name, value);
  set("PCLUSTER_CLUSTER", worker.cluster);
  set("PCLUSTER_WORKER", worker.worker);
  set("PCLUSTER_WORKLOAD", to_string(workload));
  set("PCLUSTER_CORES", std::to_string(shape.cores));
  set("PCLUSTER_MEM_MB", std::to_string(shape.memory_mb));
  set("PCLUSTER_LOCAL_DIR", worker.local_directory);
  if (task.channel && task.ranks == 0) set("PCLUSTER_CHANNEL", "3,4");
  name_changing(task);
  std::erase_if(constant_,
                [&](const std::string& entry) { return contains(names_, name_of(entry)); });
  if (const std::string* path = find("PATH")) path_ = path->substr(5);
  for (const auto& entry : constant_) entries_.push_back(entry.c_str());
  changing_.resize(names_.size());
  entries_.resize(constant_.size() + changing_.size() + 1, nullptr);
}

// A column whose variable is ours or another column's has none.
void TaskEnvironment::name_changing(const TaskTemplate& task) {
  names_.assign(always_changing.begin(), always_changing.end());
  own_gpus_ = task.each.gpus != 0;
  if (own_gpus_) names_.emplace_back("CUDA_VISIBLE_DEVICES");
  columns_ = task.columns;
  for (const auto& column : columns_) {
    auto name = column_variable(column);
    if (contains(names_, name)) name.clear();
    names_.push_back(std::move(name));
  }
}

const char* const* TaskEnvironment::fill(const TaskFacts& facts) {
  const AttemptId& attempt = facts.attempt;
  const TrialText text(columns_, facts.trial, attempt.task.index);
  const std::string task = to_string(attempt.task), trial = text.whole(), index = text.index(),
                    number = std::to_string(attempt.number);
  std::size_t i = 0, entry = constant_.size();
  const auto put = [&](std::string_view value) {
    if (!names_[i].empty()) {
      changing_[i].assign(names_[i]).append("=").append(value);
      entries_[entry++] = changing_[i].c_str();
    }
    ++i;
  };
  for (const std::string_view value :
       {std::string_view(task), std::string_view(trial), std::string_view(index),
        std::string_view(number), facts.result})
    put(value);
  if (own_gpus_) put(facts.gpus);
  for (const auto value : text.values()) put(value);
  return entries_.data();
}

}  // namespace pcluster
