// The worker's hands: starts what the agent says on slots of its own, keeps the output, and tells
// how each task ended. SPDX-License-Identifier: MIT
#include "mpi-runtime/tasks.hpp"

#include <signal.h>

#include <algorithm>
#include <utility>

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

std::uint32_t gpus_of(const TaskTemplate& task) {
  return task.each.gpus * std::max(task.ranks, 1u);
}

}  // namespace

Tasks::Tasks(Loop& loop, WorkerFacts worker, WorkerSize size, std::uint32_t slots, Say say,
             std::function<void(TaskResult)> finished)
    : loop_(loop),
      say_(std::move(say)),
      finished_(std::move(finished)),
      host_(hostname()),
      size_(std::move(size)),
      recipes_(std::move(worker), host_, say_),
      output_(loop, say_),
      slots_(slots, {}, size_.gpus),
      sitting_(slots + Slots::most_beside),
      spawner_(
          loop, slots + Slots::most_beside,
          [this](std::uint32_t slot, Stream stream, std::string_view bytes) {
            if (residents_.at(slot)) return residents_.write(slot, stream, bytes);
            output_.write(sitting_[slot].attempt, stream, bytes);
          },
          [this](const Ended& end) { ended(end); }),
      residents_({loop, spawner_, output_, say_,
                  [this](std::uint32_t, TaskResult result) {
                    slot_of_.erase(result.attempt);
                    finished_(std::move(result));
                  }},
                 slots + Slots::most_beside) {}

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
  TaskResult result;
  result.attempt = attempt;
  result.state = TaskState::failed;
  result.exit_code = code;
  result.start_unix = result.end_unix = unix_now();
  result.message = message;
  finished_(std::move(result));
}

// The agent counts the seat of an idle resident as free.
void Tasks::start(const TaskStart& start) {
  if (start_now(start)) return;
  waiting_.push_back(start);
  if (residents_.make_room(missing())) return;
  waiting_.pop_back();
  cannot(start.attempt, static_cast<int>(Exit::ours),
         start.slots == 0 ? "no free gpus, or too much runs beside the slots, on " + host_
                          : "no free slots or gpus on " + host_);
}

Room Tasks::missing() const {
  Room wanted;
  for (const auto& one : waiting_) {
    wanted.slots += one.slots;
    wanted.gpus += gpus_of(*one.task);
  }
  const Room free = slots_.free();
  return {wanted.slots - std::min(wanted.slots, free.slots),
          wanted.gpus - std::min(wanted.gpus, free.gpus)};
}

void Tasks::start_waiting() {
  for (const auto& one : std::exchange(waiting_, {})) start(one);
}

bool Tasks::start_now(const TaskStart& start) {
  if (start.task->resident) {
    if (const auto slot = residents_.idle_for(start)) {
      slot_of_[start.attempt] = *slot;
      sitting_[*slot].signalled = false;
      residents_.give(*slot, start);
      return true;
    }
  }
  const auto gpus = gpus_of(*start.task);
  auto seat = start.slots == 0 ? slots_.take_beside(gpus) : slots_.take(start.slots, gpus);
  if (!seat) return false;
  try {
    start_at(start, *seat);
  } catch (const Error& error) {
    residents_.discard(seat->slots.front());
    slots_.give_back(*seat);
    cannot(start.attempt, static_cast<int>(Exit::ours),
           std::string(error.what()) + ". " + error.hint());
  }
  return true;
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
  sitting_[slot].attempt = start.attempt;
  sitting_[slot].signalled = false;
  std::string mark = "PCLUSTER_RESULT=" + result;
  const bool stays = start.task->resident;
  if (stays) mark = residents_.prepare(slot, start, seat, recipes_.worker(), recipe, program);
  if (auto failure = spawner_.start(slot, program, mark)) {
    residents_.discard(slot);
    return give_up(exit_code(*failure), explain(*failure, program, host_));
  }
  if (stays) residents_.started(slot);
  slot_of_[start.attempt] = slot;
  sitting_[slot].seat = seat;
}

void Tasks::ended(const Ended& end) {
  if (residents_.at(end.slot)) return resident_ended(end);
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
  const bool signalled = sitting.signalled;
  slots_.give_back(sitting.seat);
  start_waiting();
  tell(end, signalled, std::move(result));
}

void Tasks::resident_ended(const Ended& end) {
  auto left = residents_.ended(end);
  const bool ours = left.ours || sitting_[end.slot].signalled;
  slots_.give_back(sitting_[end.slot].seat);
  if (left.result) slot_of_.erase(left.result->attempt);
  if (left.untaken) {
    slot_of_.erase(left.untaken->attempt);
    waiting_.push_back(*left.untaken);
  }
  start_waiting();
  if (left.result) tell(end, ours, std::move(*left.result));
}

void Tasks::tell(const Ended& end, bool signalled, TaskResult result) {
  if (signalled || !may_be_the_jobs_end(end)) return finished_(std::move(result));
  loop_.at(loop_.now() + signal_follows, [this, late = std::move(result)] { finished_(late); });
}

void Tasks::signal(const AttemptId& attempt, int signal) {
  if (std::erase_if(waiting_, [&](const TaskStart& one) { return one.attempt == attempt; }) > 0)
    return cannot(attempt, static_cast<int>(Exit::ours), "ended before it had started");
  auto at = slot_of_.find(attempt);
  if (at == slot_of_.end()) return;
  sitting_[at->second].signalled = true;
  if (residents_.at(at->second)) return residents_.signal(at->second, signal);
  spawner_.signal(at->second, signal);
}

void Tasks::signal_all(int signal) {
  waiting_.clear();
  residents_.signal_all(signal);
  for (const auto& [attempt, slot] : slot_of_) spawner_.signal(slot, signal);
}

void Tasks::forget(WorkloadId workload) {
  recipes_.forget(workload);
  output_.forget(workload);
}

}  // namespace pcluster
