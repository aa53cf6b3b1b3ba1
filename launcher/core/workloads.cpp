// Workloads and their turns.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/workloads.hpp"

#include <algorithm>
#include <utility>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr std::size_t longest_command = 200;  // bytes of it in `status`
constexpr std::size_t most_idle_gangs = 256;

}  // namespace

void Walls::add(Micros wall) { recent_[seen_++ % kept_] = wall; }

std::optional<Micros> Walls::median() const {
  if (seen_ < enough_) return {};
  auto walls = recent_;
  const auto count = std::min(seen_, kept_);
  std::nth_element(walls.begin(), walls.begin() + count / 2, walls.begin() + count);
  return walls[count / 2];
}

bool Walls::even() const {
  if (seen_ < enough_for_even_) return false;
  const auto count = std::min(seen_, kept_);
  return 2 * *std::max_element(recent_.begin(), recent_.begin() + count) <= 3 * *median();
}

Workload::Workload(const WorkloadAdded& added, Epoch accepted)
    : id(added.workload),
      spec(added.spec),
      command(join(added.spec.task.argv, " ").substr(0, longest_command)),
      added_unix(added.at_unix),
      epoch(accepted),
      tasks(task_count(added.spec.trials)),
      queue(tasks) {
  auto* said = std::get_if<TrialLines>(&spec.trials);
  if (said != nullptr) lines = std::exchange(*said, {});
}

void Workload::used(const Gang& gang) {
  if (!spec.task.resident || gang.empty()) return;
  if (idle_gangs.size() >= most_idle_gangs) idle_gangs.erase(idle_gangs.begin());
  idle_gangs.push_back(gang);
}

void Workload::take_gang(const Gang& gang) {
  const auto same = [](const GangShare& a, const GangShare& b) {
    return a.worker == b.worker && a.ranks == b.ranks && a.slots == b.slots;
  };
  const auto found = std::find_if(idle_gangs.rbegin(), idle_gangs.rend(), [&](const Gang& one) {
    return std::equal(one.begin(), one.end(), gang.begin(), gang.end(), same);
  });
  if (found != idle_gangs.rend()) idle_gangs.erase(std::next(found).base());
}

void Workload::lose_gangs(WorkerId worker) {
  std::erase_if(idle_gangs, [&](const Gang& gang) {
    return std::any_of(gang.begin(), gang.end(),
                       [&](const GangShare& share) { return share.worker == worker; });
  });
}

Workload& Workloads::add(const WorkloadAdded& added, Epoch epoch) {
  last_ = std::max(last_, static_cast<std::uint32_t>(added.workload));
  const auto [found, is_new] = all_.try_emplace(added.workload, added, epoch);
  auto& workload = found->second;
  for (const auto* before : {&added.spec.after, &added.spec.after_any})
    for (const auto id : *before)
      if (is_new) wait_for(workload, id);
  changed(workload);
  return workload;
}

// One that we do not know (a damaged journal lost it) will never end: nobody waits for it.
void Workloads::wait_for(Workload& workload, WorkloadId id) {
  if (const auto before = ended(id)) return meet(workload, *before);
  if (find(id) == nullptr || id == workload.id) return;
  workload.waits_for.insert(id);
  followers_[id].insert(workload.id);
}

void Workloads::meet(Workload& workload, const EndedWorkload& before) {
  workload.waits_for.erase(before.id);
  const auto& strict = workload.spec.after;
  const bool fails = before.done < before.tasks &&
                     std::find(strict.begin(), strict.end(), before.id) != strict.end();
  if (!fails || workload.doomed_by || workload.finished()) return;
  workload.doomed_by = before.id;
  doomed_.insert(workload.id);
}

Workload* Workloads::find(WorkloadId id) {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

const Workload* Workloads::find(WorkloadId id) const {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

void Workloads::changed(Workload& workload) {
  const std::pair turn(-std::int64_t{workload.spec.priority}, workload.id);
  const bool waits = !workload.queue.empty() && !workload.trials_missing() &&
                     workload.waits_for.empty() && !workload.doomed_by;
  waits && !workload.pinned() ? static_cast<void>(turns_.insert(turn))
                              : static_cast<void>(turns_.erase(turn));
  waits&& workload.pinned() ? static_cast<void>(pinned_.insert(workload.id))
                            : static_cast<void>(pinned_.erase(workload.id));
  if (workload.cancel_asked) doomed_.erase(workload.id);
  const bool missing = workload.trials_missing() && !workload.finished();
  missing ? static_cast<void>(without_trials_.insert(workload.id))
          : static_cast<void>(without_trials_.erase(workload.id));
  if (workload.finished() && !workload.closed) close(workload);
}

// A finished workload is a row of `status`; its results stand on disk.
void Workloads::close(Workload& workload) {
  workload.closed = true;
  closed_.insert(workload.id);
  finished_.push_back(workload.id);
  workload.spec.trials = TrialRange{0, -1, 1};
  workload.lines = PackedLines();
  workload.spec.task = TaskTemplate{};
  workload.spec.on = std::vector<WorkerId>();
  workload.queue = TaskQueue(0);
  workload.cancel_tasks.clear();
  workload.idle_gangs = std::vector<Gang>();
  const auto waiting = followers_.extract(workload.id);
  if (waiting.empty()) return;
  for (const auto id : waiting.mapped()) {
    auto* follower = find(id);
    if (follower == nullptr) continue;  // cancelled, and that long ago
    meet(*follower, *ended(workload.id));
    changed(*follower);
  }
}

std::optional<EndedWorkload> Workloads::ended(WorkloadId id) const {
  const auto* one = find(id);
  if (one == nullptr) return ended_.find(id);
  if (!one->finished()) return {};
  return EndedWorkload{id,
                       one->tasks,
                       one->done,
                       one->failed,
                       one->first_exit_code,
                       one->doomed_by,
                       static_cast<std::uint8_t>(one->first_signal),
                       one->by_failures};
}

void Workloads::forget_old() {
  while (closed_.size() > most_finished) {
    const auto oldest = *closed_.begin();
    ended_.add(*ended(oldest));
    all_.erase(oldest);
    closed_.erase(closed_.begin());
  }
}

}  // namespace pcluster
