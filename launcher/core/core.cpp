// Routes events to the machines, and lets follow what follows from each.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/core.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "launcher/core/state.hpp"

namespace pcluster {

Core::Core(std::string cluster, Epoch epoch, Policy policy)
    : state_(std::make_unique<State>(std::move(cluster), epoch, policy)) {}
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;

void Core::apply(const Record& record) {
  state_->apply(record);
  state_->ledger.workloads.forget_old();
}

void Core::set_epoch(Epoch epoch) { state_->epoch = epoch; }

void Core::disk_answers(bool answers, Time now) {
  auto& state = *state_;
  if (std::exchange(state.disk_hangs, !answers) == !answers || !answers) return;
  for (auto& [id, worker] : state.ledger.workers.all()) {
    worker.heard = std::max(worker.heard, now);
    state.watch(worker);
  }
}

void Core::pass_over(WorkloadId used) { state_->ledger.workloads.pass_over(used); }
void Core::pass_over(WorkerId used) { state_->ledger.workers.pass_over(used); }

Effects Core::begin(Time now, Micros unix_now) {
  Turn turn{now, unix_now, {}, {}};
  state_->begin(turn);
  state_->finish(turn);
  return std::move(turn.out);
}

Effects Core::handle(const Event& event, Time now, Micros unix_now) {
  Turn turn{now, unix_now, {}, {}};
  state_->unix_now = unix_now;
  state_->last_now = now;
  state_->wake(now);
  std::visit([&](const auto& one) { state_->on(turn, one); }, event);
  if (turn.passes && turn.out.append.empty()) return std::move(turn.out);
  state_->finish(turn);
  state_->expected = state_->deadline();
  return std::move(turn.out);
}

std::optional<Time> Core::deadline() const { return state_->deadline(); }
Status Core::status(Time) const { return state_->status(); }
std::optional<Refusal> Core::refuses(const Request& request) const {
  return state_->refuses(request);
}
std::string Core::broken() const { return state_->broken(); }

void Core::check() const {
  const auto what = broken();
  if (what.empty()) return;
  std::fprintf(stderr, "pcluster: an invariant of the launcher does not hold: %s\n", what.c_str());
  std::abort();
}

void Core::load_trials(WorkloadId id, PackedLines lines) {
  auto* workload = state_->ledger.workloads.find(id);
  if (workload == nullptr || !workload->trials_missing() || lines.size() != workload->tasks) return;
  state_->ledger.load_trials(*workload, std::move(lines));
  state_->loaded = true;
}

std::vector<std::pair<WorkloadId, TrialFile>> Core::missing_trials() const {
  std::vector<std::pair<WorkloadId, TrialFile>> files;
  for (const auto id : state_->ledger.workloads.without_trials())
    if (const auto* file = std::get_if<TrialFile>(&state_->ledger.workloads.find(id)->spec.trials))
      files.emplace_back(id, *file);
  return files;
}

RunningTasks Core::running(WorkloadId id) const { return state_->running(id); }

RunningTasks Core::State::running(WorkloadId id) const {
  RunningTasks tasks;
  for (const auto worker_id : ledger.workers.who_knows(id)) {
    const auto& worker = *ledger.workers.find(worker_id);
    auto held = worker.held.lower_bound({id, 0});
    for (; held != worker.held.end() && held->first.workload == id; ++held) {
      tasks.attempts.push_back({held->first, held->second.number, held->second.epoch});
      tasks.workers.push_back(worker_id);
    }
  }
  return tasks;
}

void Core::State::apply(const Record& record) {
  ledger.apply(record);
  fleet.apply(record);
  if (std::holds_alternative<StopAsked>(record)) stop_asked = true;
}

void Core::State::commit(Turn& turn, Record record) {
  end_channels(turn, record);
  apply(record);
  turn.out.append.push_back(std::move(record));
  release_parts(turn);
}

// Workers of earlier epochs keep what they have until they are back, or have had time enough.
void Core::State::begin(Turn& turn) {
  unix_now = turn.unix_now;
  last_now = turn.now;
  ledger.workloads.take_finished();
  ledger.workers.take_released();
  commit(turn, EpochBegan{epoch});
  for (auto& [id, worker] : ledger.workers.all())
    worker.heard = turn.now + policy.comeback - policy.worker_silence;
  silence_at = turn.now + policy.comeback;
  for (const auto& [id, worker] : ledger.workers.all())
    if (!worker.gone) to_gather.insert(id);
  gather_until = turn.now + policy.gather;
  expect_clients(turn.now);
  fleet.begin(turn.now, turn.unix_now);
  if (!stop_asked) return;
  stop_at = turn.now;
  fleet.cancel_all(turn.out);
}

// We were asleep ourselves (a stopped process, a laptop's lid): what the workers said meanwhile
// waits at the door, so the time does not count as their silence.
void Core::State::wake(Time now) {
  if (!expected || now <= *expected + policy.heartbeat) return;
  const auto asleep = now - *expected;
  for (auto& [id, worker] : ledger.workers.all()) worker.heard += asleep;
  silence_at += asleep;
  if (orphans_at) *orphans_at += asleep;
}

// A task that our journal does not know to be out could go to a second worker otherwise.
bool Core::State::gathers(Time now) {
  while (!to_gather.empty() && now < gather_until) {
    const auto& first = *ledger.workers.find(*to_gather.begin());
    if (!first.link && !first.gone) return true;
    to_gather.erase(to_gather.begin());
  }
  to_gather.clear();
  return false;
}

void Core::State::finish(Turn& turn) {
  const bool was_loaded = std::exchange(loaded, false), gathered = !to_gather.empty();
  if (turn.now >= silence_at) find_silent(turn);
  if (!stop_asked) dismiss_idle(turn);
  if (!stop_asked) adapt(turn);
  if (!stop_asked) shrink(turn);
  fleet.tick(turn.now, turn.unix_now, turn.out);
  lose_pinned(turn);
  cancel_orphans(turn);
  cancel_doomed(turn);
  const bool gathering = gathers(turn.now);
  const bool nothing_new = turn.idle && turn.out.append.empty() && !was_loaded && !gathered;
  if (!stop_asked && !nothing_new && !gathering) assign(turn);
  if (stop_asked && !quit) quit_when_empty(turn);
  forget_finished(turn);
  if (ledger.workers.relays_changed()) tell_relays(turn);
  tell(turn);
  ledger.workloads.forget_old();
}

std::optional<Time> Core::State::deadline() const {
  if (quit) return {};
  std::optional<Time> first = fleet.deadline();
  const auto at = [&](Time time) { first = std::min(first.value_or(time), time); };
  if (loaded) at(0);
  if (!to_gather.empty()) at(gather_until);
  if (adapt_at && !stop_asked) at(*adapt_at);
  if (!ledger.workers.all_gone()) at(silence_at);
  for (const auto& follower : followers)
    if (follower.due) at(follower.next);
  if (orphans_at) at(*orphans_at);
  if (stop_asked) at(quit_at);
  return first;
}

void Core::State::on(Turn& turn, const event::Submitted& said) {
  fleet.submitted(said, turn.now, turn.out);
}
void Core::State::on(Turn& turn, const event::SubmitFailed& said) {
  fleet.failed(said, turn.now, turn.out);
}
void Core::State::on(Turn& turn, const event::SubmitUnanswered& said) {
  fleet.unanswered(said, turn.now);
}
void Core::State::on(Turn& turn, const event::LookedUp& said) {
  fleet.looked_up(said, turn.now, turn.out);
}

void Core::State::on(Turn& turn, const event::Polled& said) {
  fleet.polled(said, turn.now, turn.out);
  for (auto& [id, worker] : ledger.workers.all()) note_end(worker);
}

}  // namespace pcluster
