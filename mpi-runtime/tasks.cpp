// The worker's hands: starts what the agent says on slots of its own, keeps the output, and tells
// how each task ended. SPDX-License-Identifier: MIT
#include "mpi-runtime/tasks.hpp"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "mpi-runtime/mpi_failure.hpp"
#include "mpi-runtime/rank_start.hpp"
#include "mpi-runtime/result_file.hpp"

namespace pcluster {
namespace {

// Its host's loss ends mpiexec, too, which may be noticed first.
constexpr Micros loss_follows = second / 2;

}  // namespace

bool may_be_the_jobs_end(const Ended& end) {
  auto ended_by = [&end](int signal) {
    return end.signal == signal || end.exit_code == 128 + signal;
  };
  return ended_by(SIGTERM) || ended_by(SIGINT) || ended_by(SIGHUP);
}

Tasks::Tasks(Loop& loop, WorkerFacts worker, WorkerSize size, std::uint32_t slots, Say say,
             std::function<void(TaskResult)> finished,
             std::function<void(const InputWanted&)> wants,
             std::function<void(ChannelBytes)> to_client, AheadCalls calls)
    : loop_(loop),
      say_(std::move(say)),
      finished_(std::move(finished)),
      calls_(std::move(calls)),
      host_(hostname()),
      size_(std::move(size)),
      recipes_(std::move(worker), host_, say_),
      head_(loop, [this](const AttemptId& attempt, int signal) { this->signal(attempt, signal); }),
      output_(loop, say_),
      inputs_(loop, std::move(wants)),
      channels_(loop, std::move(to_client)),
      slots_(slots, {}, size_.gpus),
      sitting_(slots + Slots::most_beside),
      spawner_(
          loop, slots + Slots::most_beside,
          [this](std::uint32_t slot, Stream stream, std::string_view bytes) {
            wrote(slot, stream, bytes);
          },
          [this](const Ended& end) { ended(end); }),
      memory_(loop, MemoryGroups(own_memory_place()), size_.group_memory_mb << 10,
              slots + Slots::most_beside,
              [this](std::uint32_t slot) { spawner_.signal(slot, SIGKILL); }),
      residents_({loop, spawner_, output_, say_,
                  [this](std::vector<TaskResult> results, const std::optional<AttemptId>& next) {
                    answered(std::move(results), next);
                  },
                  calls_.ahead, calls_.put_back},
                 slots + Slots::most_beside) {}

void Tasks::welcome(WorkerId worker, const std::string& spool_directory, const MpiSettings& mpi) {
  recipes_.set_mpi(mpi);
  if (recipes_.worker().worker.empty()) {
    me_ = worker;
    recipes_.name_worker(to_string(worker));
    // Only now: the topology takes time, and nothing runs before.  Never again: tasks sit there.
    slots_ = Slots(slots_.count(), by_locality(size_.cores), size_.gpus);
  }
  if (output_.is_open()) return;
  make_directories(spool_directory);
  output_.open(spool_directory, to_string(worker));
}

std::string Tasks::result_path(std::uint32_t slot) const {
  return recipes_.worker().local_directory + "/.result-" + std::to_string(slot);
}

void Tasks::cannot(const AttemptId& attempt, int code, const std::string& message) {
  inputs_.close(attempt);
  channels_.close(attempt);
  TaskResult result;
  result.attempt = attempt;
  result.state = TaskState::failed;
  result.exit_code = code;
  result.start_unix = result.end_unix = unix_now();
  result.message = message;
  finished_(std::move(result));
}

void Tasks::start_in(const TaskStart& start, const Seat& seat) {
  try {
    start_at(start, seat);
  } catch (const Error& error) {
    residents_.discard(seat.slots.front());
    head_.close(start.attempt);
    slots_.give_back(seat);
    cannot(start.attempt, static_cast<int>(Exit::ours),
           std::string(error.what()) + ". " + error.hint());
  }
}

// A rank opens its ends by name.
Tasks::Ends Tasks::open_input(const TaskStart& start, Program& program) {
  Ends ends;
  const bool channel = start.task->channel && !start.task->resident;
  if (start.task->input && !channel) ends.read = inputs_.open(start.attempt);
  program.input = ends.read.get();
  if (!channel) return ends;
  if (start.task->ranks == 0) {
    ends = {inputs_.open(start.attempt), channels_.open(start.attempt)};
    program.passed = {ends.read.get(), ends.write.get()};
    return ends;
  }
  const auto& worker = recipes_.worker();
  const auto base = worker.local_directory + "/.channel-" + to_string(start.attempt.task) + "." +
                    std::to_string(start.attempt.number);
  inputs_.open_named(start.attempt, base + ".read");
  channels_.open_named(start.attempt, base + ".write");
  const auto at = program.argv.end() - static_cast<std::ptrdiff_t>(start.argv.size());
  program.argv.insert(at, {worker.program.empty() ? own_binary() : worker.program, rank_start_role,
                           of_channel, base + ".read", base + ".write"});
  return ends;
}

void Tasks::start_at(const TaskStart& start, const Seat& seat) {
  Recipe& recipe = recipes_.of(start);
  std::uint32_t slot = seat.slots.front();
  auto give_up = [&](int code, const std::string& message) {
    head_.close(start.attempt);
    slots_.give_back(seat);
    cannot(start.attempt, code, message);
  };
  if (!recipe.failure.empty()) return give_up(static_cast<int>(Exit::ours), recipe.failure);
  if (!start.gang.empty()) head_.open(recipes_.worker(), start);
  std::string result = result_path(slot);
  Program program;
  program.argv = recipe.before;
  program.argv.insert(program.argv.end(), start.argv.begin(), start.argv.end());
  std::string gpus = join(seat.gpus, ",");
  program.environment = recipe.environment.fill({start.attempt, start.trial, result, gpus});
  program.path = recipe.environment.path();
  program.directory = start.task->directory;
  program.output = start.output;
  program.cores = seat.cores;
  program.own_session =
      start.task->ranks > 0 || start.task->resident || start.task->input || start.task->channel;
  const Ends ends = open_input(start, program);
  sitting_[slot] = {seat,       start.attempt,          false, {},
                    start.gang, start.task->ranks != 0, {},    start.task->input};
  std::string mark = "PCLUSTER_RESULT=" + result;
  if (start.task->resident)
    mark = residents_.prepare(slot, start, seat, recipes_.worker(), recipe, program);
  const auto limit_kb = memory_limit_kb(start);
  if (limit_kb > 0) program.group = memory_.hold(slot, limit_kb);
  if (auto failure = spawner_.start(slot, program, mark)) {
    if (limit_kb > 0) memory_.let_go(slot);
    residents_.discard(slot);
    return give_up(exit_code(*failure), explain(*failure, program, host_));
  }
  if (limit_kb > 0) memory_.started(slot, spawner_.leader(slot));
  inputs_.started(start.attempt);
  channels_.started(start.attempt);
  if (start.task->resident) residents_.started(slot);
  slot_of_[start.attempt] = slot;
}

void Tasks::wrote(std::uint32_t slot, Stream stream, std::string_view bytes) {
  Sitting& sitting = sitting_[slot];
  if (sitting.guest.output) return sitting.guest.output(stream, bytes);
  if (residents_.at(slot))
    residents_.write(slot, stream, bytes);
  else
    output_.write(sitting.attempt, stream, bytes, sitting.interactive);
  if (!sitting.ranks) return;
  auto& words = sitting.last_words;
  words += bytes.substr(bytes.size() - std::min(bytes.size(), kept_words));
  if (words.size() > kept_words) words.erase(0, words.size() - kept_words);
}

void Tasks::ended(const Ended& end) {
  if (residents_.at(end.slot)) return resident_ended(end);
  const Sitting sitting = std::exchange(sitting_[end.slot], {});
  if (sitting.guest.ended) {
    take_result_file(result_path(end.slot));  // the slot's next task must not find it
    return sitting.guest.ended(end);
  }
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
  memory_.ended(end.slot, sitting.signalled, host_, result);
  auto columns = take_result_file(result_path(end.slot));
  result.columns = std::move(columns.json);
  if (!columns.message.empty()) {
    if (!result.message.empty()) result.message += "; ";
    result.message += columns.message;
  }
  slot_of_.erase(sitting.attempt);
  inputs_.close(sitting.attempt);
  give_back(sitting.seat);
  tell(end, sitting, std::move(result));
}

void Tasks::tell(const Ended& end, const Sitting& sitting, TaskResult result) {
  const bool failed = result.state == TaskState::failed && !sitting.signalled;
  const Micros wait = failed && sitting.gang.size() > 1    ? loss_follows
                      : failed && may_be_the_jobs_end(end) ? signal_follows
                                                           : 0;
  if (wait == 0) return settle(std::move(result), sitting);
  loop_.at(loop_.now() + wait,
           [this, late = std::move(result), sitting] { settle(late, sitting); });
}

// What only those know that watched its ranks.
void Tasks::settle(TaskResult result, const Sitting& sitting) {
  const auto loss = head_.loss(sitting.attempt);
  head_.close(sitting.attempt);
  const bool failed = result.state == TaskState::failed;
  std::string message;
  if (!loss.workers.empty() && (failed || sitting.signalled)) {  // Hydra, when told to end, says 0
    result.state = TaskState::lost;
    result.unreachable = loss.workers;
    message = loss.message;
  } else if (failed && sitting.ranks) {
    message = mpi_failure(sitting.last_words, sitting.gang, host_);
    if (message.empty()) message = loss.no_daemon;
  }
  if (!message.empty())
    result.message = result.message.empty() ? message : message + "; " + result.message;
  const auto attempt = result.attempt;
  if (!channels_.has(attempt)) return finished_(std::move(result));
  channels_.finish(attempt, [this, last = std::move(result)] { finished_(last); });
  if (sitting.signalled) channels_.give_up(attempt);
}

void Tasks::signal(const AttemptId& attempt, int signal) {
  if (stop_waiting(attempt))
    return cannot(attempt, static_cast<int>(Exit::ours), "ended before it had started");
  const auto slot = slot_at(attempt);
  if (!slot) return channels_.give_up(attempt);
  if (residents_.at(*slot) && !residents_.signal(*slot, attempt, signal)) return;
  sitting_[*slot].signalled = true;
  if (!residents_.at(*slot)) spawner_.signal(*slot, signal);
}

void Tasks::signal_all(int signal) {
  waiting_.clear();
  residents_.signal_all(signal);
  for (const auto& [attempt, slot] : slot_of_) spawner_.signal(slot, signal);
}

// ---------------------------------------------------------------- parts of other workers' gangs

std::optional<std::string> Tasks::start_part(const TaskStart& start, const Seat& seat,
                                             const std::string& line, Guest guest) {
  const std::uint32_t slot = seat.slots.front();
  const std::string result = result_path(slot), gpus = join(seat.gpus, ",");
  try {
    auto environment = recipes_.of_part(start);
    Program program;
    program.argv = {"/bin/sh", "-c", line};
    program.environment = environment.fill({start.attempt, start.trial, result, gpus});
    program.path = environment.path();
    program.directory = start.task->directory;
    program.cores = seat.cores;
    make_directories(recipes_.memory_directory());
    sitting_[slot] = {seat, start.attempt, false, std::move(guest), {}, false, {}, false};
    const auto failure = spawner_.start(slot, program, "PCLUSTER_RESULT=" + result);
    if (failure) return explain(*failure, program, host_);
  } catch (const Error& error) { return std::string(error.what()) + ". " + error.hint(); }
  return {};
}

void Tasks::forget_memory() {
  try {
    remove_tree(recipes_.memory_directory());
  } catch (const Error& error) { say_(error.what()); }
}

void Tasks::kill(const Seat& seat) { spawner_.signal(seat.slots.front(), SIGKILL); }

void Tasks::forget(WorkloadId workload) {
  recipes_.forget(workload);
  output_.forget(workload);
  residents_.forget(workload);
}

}  // namespace pcluster
