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
  auto resident =
      std::make_unique<Resident>(hands_, slot, worker.worker + "-" + number, start, base);
  const auto& pipes = resident->pipes();
  auto mark = "PCLUSTER_RESIDENT_NAME=" + resident->name();
  environment_ = recipe.environment.constant();
  if (resident->gpus() > 0) environment_.push_back("CUDA_VISIBLE_DEVICES=" + join(seat.gpus, ","));
  environment_.push_back(mark);
  if (start.task->ranks > 0) {
    const auto at = program.argv.end() - static_cast<std::ptrdiff_t>(start.argv.size());
    program.argv.insert(at,
                        {own_binary(), rank_start_role, pipes.trials_path(), pipes.answers_path()});
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

void Residents::end_workload(WorkloadId workload) {
  for (const auto& one : at_)
    if (one && one->idle() && one->workload() == workload) one->end(Resident::Step::input);
}

bool Residents::make_room(Room missing) {
  std::vector<Resident*> idle;
  Room coming;
  bool any = false;
  const auto count = [&](const Resident& one) {
    coming.slots += one.slots();
    coming.gpus += one.gpus();
    any = true;
  };
  for (const auto& one : at_) {
    if (one && one->leaving()) count(*one);
    if (one && one->idle()) idle.push_back(one.get());
  }
  std::ranges::sort(idle, {}, &Resident::idle_since);
  for (auto* one : idle) {
    if (coming.slots >= missing.slots && coming.gpus >= missing.gpus) break;
    count(*one);
    one->end(Resident::Step::input);
  }
  return any;
}

Resident::Left Residents::ended(const Ended& end) {
  auto left = at_[end.slot]->ended(end);
  at_[end.slot].reset();
  return left;
}

}  // namespace pcluster
