// How the tasks of one workload are started here: their environment, and for MPI the site's mpiexec
// before their words.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/recipe.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

constexpr Micros version_timeout = 10 * second;
constexpr std::size_t most_notes = 100;

std::string hosts_of(const TaskStart& start) {
  return start.gang.empty() ? "" : host_list(host_entries(start.gang), "here");
}

}  // namespace

Recipes::Recipes(WorkerFacts worker, std::string host, std::function<void(const std::string&)> say)
    : worker_(std::move(worker)), host_(std::move(host)), say_(std::move(say)) {}

// A new Define makes a new template: an old recipe is known by the old one's address.
Recipe& Recipes::of(const TaskStart& start) {
  auto& recipe = known_[{start.attempt.task.workload, start.slots}];
  if (!recipe || recipe->task != start.task || recipe->hosts != hosts_of(start))
    recipe = std::make_unique<Recipe>(make(start));
  return *recipe;
}

void Recipes::forget(WorkloadId workload) {
  std::erase_if(known_, [workload](const auto& one) { return one.first.first == workload; });
}

void Recipes::set_mpi(MpiSettings mpi) {
  if (mpi == mpi_) return;
  mpi_ = std::move(mpi);
  known_.clear();
}

std::string memory_directory_of(const std::string& local_directory) {
  return "/dev/shm/pcluster." + local_directory.substr(local_directory.rfind('/') + 1);
}

void Recipes::say_once(const std::string& text) {
  if (said_.size() < most_notes && said_.insert(text).second) say_(text);
}

Recipe Recipes::make(const TaskStart& start) {
  const TaskTemplate& task = *start.task;
  Recipe recipe{
      &task, {worker_, task, start.attempt.task.workload, start.share}, {}, hosts_of(start), {}};
  if (!recipe.environment.overridden().empty())
    say_once("thread counts set to the task's cores (--threads keep leaves them): " +
             join(recipe.environment.overridden(), ", "));
  if (task.ranks != 0) add_mpi(recipe, start);
  return recipe;
}

void Recipes::add_mpi(Recipe& recipe, const TaskStart& start) {
  const std::string name = mpi_.mpiexec.empty() ? "mpiexec" : mpi_.mpiexec;
  auto mpiexec = find_program(name, recipe.environment.path());
  if (!mpiexec) {
    recipe.failure = explain_no_mpiexec(name, host_, recipe.environment.path());
    return;
  }
  const MpiKind kind =
      mpi_.kind.empty() ? kind_of(*mpiexec, recipe.environment) : mpi_kind_named(mpi_.kind);
  const bool root = geteuid() == 0;
  // By its name, as users type it: from an absolute path some derive a prefix of their own.
  const MpiPlan plan{name, start.task->ranks, host_entries(start.gang), host_, agent(), sessions(),
                     root};
  if (plan.hosts.size() > 1 && kind == MpiKind::unknown) {
    recipe.failure = fmt::format(
        "{} on {} is no MPI that pcluster can start on several workers; let each worker have "
        "enough slots, or say what it is: mpi: {{kind: ...}} in the site's profile",
        *mpiexec, host_);
    return;
  }
  const MpiStart mpi = mpi_start(kind, plan, mpi_);
  recipe.before = mpi.words;
  recipe.environment = TaskEnvironment(worker_, *start.task, start.attempt.task.workload,
                                       start.share, mpi.defaults, mpi.ours);
  if (root && (kind == MpiKind::open_mpi_4 || kind == MpiKind::open_mpi_5))
    say_once(
        "running as root: OMPI_ALLOW_RUN_AS_ROOT is set for MPI tasks, Open MPI refuses otherwise");
}

// The words that start it come from the head, and so does which MPI it is.
TaskEnvironment Recipes::of_part(const TaskStart& start) const {
  auto defaults = part_defaults(memory_directory(), sessions());
  defaults.insert(defaults.end(), mpi_.environment.begin(), mpi_.environment.end());
  return {worker_, *start.task, start.attempt.task.workload, start.share, defaults};
}

std::string Recipes::sessions() const {
  const auto directory = worker_.local_directory + "/mpi-sessions";
  make_directories(directory + "/never-empty");
  return directory;
}

MpiKind Recipes::kind_of(const std::string& mpiexec, const TaskEnvironment& environment) {
  auto known = kinds_.find(mpiexec);
  if (known != kinds_.end()) return known->second;
  CommandOptions options;
  options.timeout = version_timeout;
  options.environment = environment.constant();  // its libraries may come from the task's modules
  auto told = run_command({mpiexec, "--version"}, options);
  MpiKind kind = mpi_kind(told.out + told.err);
  say_once(fmt::format("{} is {}", mpiexec, to_string(kind)));
  if (kind == MpiKind::unknown)
    say_once(fmt::format("{} --version says: {}", mpiexec,
                         printable((told.out + told.err).substr(0, 200))));
  if (told.exit_code == 0) kinds_[mpiexec] = kind;  // else it is asked again: nodes can be slow
  return kind;
}

}  // namespace pcluster
