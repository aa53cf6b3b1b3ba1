// Who stays: the residents of a worker by slot.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/residents.hpp"

#include <fcntl.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "mpi-runtime/rank_start.hpp"

namespace pcluster {

Residents::Residents(Resident::Hands hands, std::uint32_t slots)
    : hands_(std::move(hands)), at_(slots) {}

// The one that was busy last: its memory is warm.
std::optional<std::uint32_t> Residents::idle_for(const TaskStart& start) const {
  std::optional<std::uint32_t> best;
  for (std::uint32_t slot = 0; slot < at_.size(); ++slot) {
    const auto& one = at_[slot];
    if (!one || !one->idle() || !one->serves(start)) continue;
    if (!best || one->idle_since() > at_[*best]->idle_since()) best = slot;
  }
  return best;
}

// Of its environment nothing changes from trial to trial, so nothing tells a trial.  With ranks,
// mpiexec stands between: it is given a wrapper that opens the pipes in the first rank.
std::string Residents::prepare(std::uint32_t slot, const TaskStart& start, const Seat& seat,
                               const WorkerFacts& worker, const Recipe& recipe, Program& program) {
  const auto number = std::to_string(++started_);
  const auto base = worker.local_directory + "/.resident-" + number;
  auto resident = std::make_unique<Resident>(
      hands_, slot, worker.worker + "-" + number, start,
      Room{start.slots, static_cast<std::uint32_t>(seat.gpus.size())}, base);
  const auto& pipes = resident->pipes();
  auto mark = "PCLUSTER_RESIDENT_NAME=" + resident->name();
  environment_ = recipe.environment.constant();
  if (start.task->each.gpus > 0)
    environment_.push_back("CUDA_VISIBLE_DEVICES=" + join(seat.gpus, ","));
  environment_.push_back(mark);
  if (start.task->ranks > 0) {
    const auto at = program.argv.end() - static_cast<std::ptrdiff_t>(start.argv.size());
    program.argv.insert(at, {worker.program.empty() ? own_binary() : worker.program,
                             rank_start_role, pipes.trials_path(), pipes.answers_path()});
    // For the remote-start agent: the gang is known by this trial.
    environment_.push_back("PCLUSTER_TASK=" + to_string(start.attempt.task));
    environment_.push_back("PCLUSTER_ATTEMPT=" + std::to_string(start.attempt.number));
  } else {
    environment_.emplace_back("PCLUSTER_RESIDENT=3,4");
    program.descriptors = {{pipes.trials_path(), O_RDONLY}, {pipes.answers_path(), O_WRONLY}};
  }
  entries_.clear();
  for (const auto& entry : environment_) entries_.push_back(entry.c_str());
  entries_.push_back(nullptr);
  program.environment = entries_.data();
  at_[slot] = std::move(resident);
  return mark;
}

void Residents::signal_all(int signal) {
  for (const auto& one : at_)
    if (one) one->signal(signal);
}

void Residents::forget(WorkloadId workload) {
  for (const auto& one : at_)
    if (one && one->workload() == workload) one->forget();
}

void Residents::end_workload(WorkloadId workload) {
  for (const auto& one : at_)
    if (one && one->idle() && one->workload() == workload) one->end(Resident::Step::input);
}

Room Residents::make_room(Room missing) {
  std::vector<Resident*> idle;
  Room coming;
  for (const auto& one : at_) {
    if (one && one->leaving()) coming = coming + one->room();
    if (one && one->idle()) idle.push_back(one.get());
  }
  std::ranges::sort(idle, {}, &Resident::idle_since);
  for (auto* one : idle) {
    if (coming.covers(missing)) break;
    coming = coming + one->room();
    one->end(Resident::Step::input);
  }
  return coming;
}

Resident::Left Residents::ended(const Ended& end) {
  auto left = at_[end.slot]->ended(end);
  at_[end.slot].reset();
  return left;
}

}  // namespace pcluster
