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

}  // namespace

Recipes::Recipes(WorkerFacts worker, std::string host, std::function<void(const std::string&)> say)
    : worker_(std::move(worker)), host_(std::move(host)), say_(std::move(say)) {}

// A new Define makes a new template: an old recipe is known by the old one's address.
Recipe& Recipes::of(const TaskStart& start) {
  auto& recipe = known_[{start.attempt.task.workload, start.slots}];
  if (!recipe || recipe->task != start.task) recipe = std::make_unique<Recipe>(make(start));
  return *recipe;
}

void Recipes::forget(WorkloadId workload) {
  std::erase_if(known_, [workload](const auto& one) { return one.first.first == workload; });
}

void Recipes::say_once(const std::string& text) {
  if (said_.size() < most_notes && said_.insert(text).second) say_(text);
}

Recipe Recipes::make(const TaskStart& start) {
  const TaskTemplate& task = *start.task;
  auto environment = [&](const Environment& defaults) {
    return TaskEnvironment(worker_, task, start.attempt.task.workload, start.share, defaults);
  };
  Recipe recipe{&task, environment({}), {}, {}};
  if (!recipe.environment.overridden().empty())
    say_once("thread counts set to the task's cores (--threads keep leaves them): " +
             join(recipe.environment.overridden(), ", "));
  if (task.ranks == 0) return recipe;
  auto mpiexec = find_program("mpiexec", recipe.environment.path());
  if (!mpiexec) {
    recipe.failure = explain_no_mpiexec(host_, recipe.environment.path());
    return recipe;
  }
  MpiKind kind = kind_of(*mpiexec, recipe.environment);
  bool root = geteuid() == 0;
  // By its name, as users type it: from an absolute path some derive a prefix of their own.
  recipe.before = mpiexec_words(kind, "mpiexec", task.ranks);
  recipe.environment = environment(mpi_defaults(kind, root));
  if (root && (kind == MpiKind::open_mpi_4 || kind == MpiKind::open_mpi_5))
    say_once(
        "running as root: OMPI_ALLOW_RUN_AS_ROOT is set for MPI tasks, Open MPI refuses otherwise");
  return recipe;
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
