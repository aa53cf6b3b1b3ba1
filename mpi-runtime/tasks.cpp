// The worker's hands: starts what the agent says on slots of its own, keeps the output, and tells
// how each task ended. SPDX-License-Identifier: MIT
#include "mpi-runtime/tasks.hpp"

#include <signal.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "mpi-runtime/result_file.hpp"

namespace pcluster {
namespace {

// A batch system that ends the job signals tasks and worker at once.  Such a task is lost with its
// worker, not failed: what may be one waits until our own signal would have come.
constexpr Micros signal_follows = second / 4;

bool may_be_the_jobs_end(const Ended& end) {
  auto ended_by = [&end](int signal) {
    return end.signal == signal || end.exit_code == 128 + signal;
  };
  return ended_by(SIGTERM) || ended_by(SIGINT) || ended_by(SIGHUP);
}

}  // namespace

Tasks::Tasks(Loop& loop, WorkerFacts worker, WorkerSize size, std::uint32_t slots, Say say,
             std::function<void(TaskResult)> finished,
             std::function<void(const InputWanted&)> wants)
    : loop_(loop),
      say_(std::move(say)),
      finished_(std::move(finished)),
      host_(hostname()),
      size_(std::move(size)),
      recipes_(std::move(worker), host_, say_),
      output_(loop, say_),
      inputs_(loop, std::move(wants)),
      slots_(slots, {}, size_.gpus),
      sitting_(slots + Slots::most_beside),
      spawner_(
          loop, slots + Slots::most_beside,
          [this](std::uint32_t slot, Stream stream, std::string_view bytes) {
            output_.write(sitting_[slot].attempt, stream, bytes, sitting_[slot].interactive);
          },
          [this](const Ended& end) { ended(end); }) {}

void Tasks::welcome(const std::string& worker, const std::string& spool_directory) {
  if (recipes_.worker().worker.empty()) {
    recipes_.name_worker(worker);
    // Only now: the topology takes time, and nothing runs before.  Never again: tasks sit there.
    slots_ = Slots(slots_.count(), by_locality(size_.cores), size_.gpus);
  }
  if (output_.is_open()) return;
  make_directories(spool_directory);
  output_.open(spool_directory, worker);
}

std::string Tasks::result_path(std::uint32_t slot) const {
  return recipes_.worker().local_directory + "/.result-" + std::to_string(slot);
}

void Tasks::cannot(const AttemptId& attempt, int code, const std::string& message) {
  inputs_.close(attempt);
  TaskResult result;
  result.attempt = attempt;
  result.state = TaskState::failed;
  result.exit_code = code;
  result.start_unix = result.end_unix = unix_now();
  result.message = message;
  finished_(std::move(result));
}

void Tasks::start(const TaskStart& start) {
  constexpr int ours = static_cast<int>(Exit::ours);
  const auto gpus = start.task->each.gpus * std::max(start.task->ranks, 1u);
  auto seat = start.slots == 0 ? slots_.take_beside(gpus) : slots_.take(start.slots, gpus);
  if (!seat)
    return cannot(start.attempt, ours,
                  start.slots == 0 ? "no free gpus, or too much runs beside the slots, on " + host_
                                   : "no free slots or gpus on " + host_);
  try {
    start_at(start, *seat);
  } catch (const Error& error) {
    slots_.give_back(*seat);
    cannot(start.attempt, ours, std::string(error.what()) + ". " + error.hint());
  }
}

void Tasks::start_at(const TaskStart& start, const Seat& seat) {
  Recipe& recipe = recipes_.of(start);
  std::uint32_t slot = seat.slots.front();
  auto give_up = [&](int code, const std::string& message) {
    slots_.give_back(seat);
    cannot(start.attempt, code, message);
  };
  if (!recipe.failure.empty()) return give_up(static_cast<int>(Exit::ours), recipe.failure);
  std::string result = result_path(slot);
  Program program;
  program.argv = recipe.before;
  program.argv.insert(program.argv.end(), start.argv.begin(), start.argv.end());
  std::string gpus = join(seat.gpus, ",");
  program.environment = recipe.environment.fill({start.attempt, start.trial, result, gpus});
  program.path = recipe.environment.path();
  program.directory = start.task->directory;
  program.output = start.output;
  if (start.task->bind) program.cores = seat.cores;
  Fd input;
  if (start.task->input) input = inputs_.open(start.attempt);
  program.input = input.get();
  sitting_[slot].attempt = start.attempt;
  sitting_[slot].signalled = false;
  sitting_[slot].interactive = start.task->input;
  if (auto failure = spawner_.start(slot, program, "PCLUSTER_RESULT=" + result))
    return give_up(exit_code(*failure), explain(*failure, program, host_));
  inputs_.started(start.attempt);
  slot_of_[start.attempt] = slot;
  sitting_[slot].seat = seat;
}

void Tasks::ended(const Ended& end) {
  Sitting& sitting = sitting_[end.slot];
  TaskResult result;
  result.attempt = sitting.attempt;
  result.state = end.exit_code == 0 ? TaskState::done : TaskState::failed;
  result.exit_code = end.exit_code;
  result.signal = end.signal;
  result.start_unix = end.start_unix;
  result.end_unix = end.end_unix;
  result.cpu = end.cpu;
  result.max_rss_kb = end.max_rss_kb;
  result.message = end.message;
  auto columns = take_result_file(result_path(end.slot));
  result.columns = std::move(columns.json);
  if (!columns.message.empty()) {
    if (!result.message.empty()) result.message += "; ";
    result.message += columns.message;
  }
  slot_of_.erase(sitting.attempt);
  inputs_.close(sitting.attempt);
  slots_.give_back(sitting.seat);
  if (sitting.signalled || !may_be_the_jobs_end(end)) return finished_(std::move(result));
  loop_.at(loop_.now() + signal_follows, [this, late = std::move(result)] { finished_(late); });
}

void Tasks::signal(const AttemptId& attempt, int signal) {
  auto at = slot_of_.find(attempt);
  if (at == slot_of_.end()) return;
  sitting_[at->second].signalled = true;
  spawner_.signal(at->second, signal);
}

void Tasks::signal_all(int signal) {
  for (const auto& [attempt, slot] : slot_of_) spawner_.signal(slot, signal);
}

void Tasks::forget(WorkloadId workload) {
  recipes_.forget(workload);
  output_.forget(workload);
}

}  // namespace pcluster
