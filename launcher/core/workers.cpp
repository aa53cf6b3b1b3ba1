// The workers: who is home and what each has.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/workers.hpp"

#include <algorithm>
#include <bit>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

void put(std::set<WorkerId>& set, WorkerId id, bool in) {
  in ? static_cast<void>(set.insert(id)) : static_cast<void>(set.erase(id));
}

std::string guard_of(const std::string& incarnation) {
  return incarnation.substr(0, incarnation.find('.'));
}

long long life_of(const std::string& incarnation) {
  const auto point = incarnation.find('.');
  return point == incarnation.npos ? 0 : to_integer(incarnation.substr(point + 1)).value_or(0);
}

}  // namespace

bool comes_before(const std::string& incarnation, const std::string& other) {
  return guard_of(incarnation) == guard_of(other) && life_of(incarnation) < life_of(other);
}

std::vector<std::pair<TaskId, Held>> Worker::in_order() const {
  std::vector<std::pair<TaskId, Held>> tasks(held.begin(), held.end());
  std::sort(tasks.begin(), tasks.end(),
            [](const auto& a, const auto& b) { return a.second.order < b.second.order; });
  return tasks;
}

std::uint32_t Worker::slots_up_to(std::uint64_t order) const {
  std::uint32_t sum = 0;
  for (const auto& [task, what] : held) sum += what.order <= order ? what.slots : 0;
  for (const auto& [attempt, part] : lent) sum += part.order <= order ? part.slots : 0;
  return sum;
}

Worker& Workers::join(const WorkerJoined& who) {
  next_ = std::max(next_, static_cast<std::uint32_t>(who.worker) + 1);
  const auto [found, is_new] = all_.try_emplace(who.worker);
  auto& worker = found->second;
  if (is_new || worker.gone) ++living_;
  if (!is_new && worker.who.job_id != who.job_id)
    std::erase(of_job_[worker.who.job_id], who.worker);
  if (is_new || worker.who.job_id != who.job_id) of_job_[who.job_id].push_back(who.worker);
  worker.who = who;
  worker.gone = false;
  incarnations_[who.incarnation] = who.worker;
  guards_[guard_of(who.incarnation)] = who.worker;
  return worker;
}

Worker* Workers::find(WorkerId id) {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

const Worker* Workers::find(WorkerId id) const {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

Worker* Workers::find(LinkId link) {
  const auto found = links_.find(link);
  return found == links_.end() ? nullptr : find(found->second);
}

Worker* Workers::find(const std::string& incarnation) {
  const auto found = incarnations_.find(incarnation);
  return found == incarnations_.end() ? nullptr : find(found->second);
}

Worker* Workers::last_below_guard_of(const std::string& incarnation) {
  const auto found = guards_.find(guard_of(incarnation));
  return found == guards_.end() ? nullptr : find(found->second);
}

std::vector<WorkerId> Workers::of_job(const std::string& job_id) const {
  const auto found = of_job_.find(job_id);
  return found == of_job_.end() ? std::vector<WorkerId>() : found->second;
}

void Workers::give_up(Worker& worker) {
  if (!std::exchange(worker.gone, true)) --living_;
  disconnect(worker);
}

void Workers::learns(Worker& worker, WorkloadId workload) {
  if (worker.knows.insert(workload).second) who_knows_[workload].insert(worker.id());
}

bool Workers::forgets(Worker& worker, WorkloadId workload) {
  if (worker.knows.erase(workload) == 0) return false;
  const auto found = who_knows_.find(workload);
  found->second.erase(worker.id());
  if (found->second.empty()) who_knows_.erase(found);
  return true;
}

std::vector<WorkerId> Workers::who_knows(WorkloadId workload) const {
  const auto found = who_knows_.find(workload);
  if (found == who_knows_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void Workers::connect(Worker& worker, LinkId link) {
  disconnect(worker);
  worker.link = link;
  links_[link] = worker.id();
}

void Workers::disconnect(Worker& worker) {
  if (worker.link) links_.erase(*worker.link);
  worker.link.reset();
  worker.ready = worker.leaving = worker.retracting = false;
  worker.defined.clear();  // a Define on its way may have been lost with the connection
  changed(worker);
}

void Workers::hold(Worker& worker, const TaskId& task, Held held) {
  held.order = ++order_;
  const AttemptId attempt{task, held.number, held.epoch};
  const auto [entry, is_new] = worker.held.emplace(task, std::move(held));
  if (!is_new) return;
  worker.load += entry->second.slots;
  for (const auto& share : entry->second.gang) {
    auto* other = share.worker == worker.id() ? nullptr : find(share.worker);
    if (other == nullptr) continue;
    other->lent[attempt] = {worker.id(), share.slots, order_};
    other->load += share.slots;
    learns(*other, task.workload);
    changed(*other);
  }
}

bool Workers::release(Worker& worker, const AttemptId& attempt) {
  const auto found = worker.held.find(attempt.task);
  if (found == worker.held.end()) return false;
  if (found->second.number != attempt.number || found->second.epoch != attempt.epoch) return false;
  for (const auto& share : found->second.gang) {
    auto* other = find(share.worker);
    if (other == nullptr || other->lent.erase(attempt) == 0) continue;
    other->load -= share.slots;
    changed(*other);
    released_.emplace_back(share.worker, attempt);
  }
  worker.load -= found->second.slots;
  worker.held.erase(found);
  if (!found_.empty()) found_.erase(attempt.task);
  changed(worker);
  return true;
}

// Attempts that are given back come in rows from one worker: ask the last one first.
Worker* Workers::holder(const AttemptId& attempt) {
  const auto has = [&](const Worker& worker) {
    const auto found = worker.held.find(attempt.task);
    return found != worker.held.end() && found->second.number == attempt.number &&
           found->second.epoch == attempt.epoch;
  };
  if (auto* last = find(last_holder_); last != nullptr && has(*last)) return last;
  const auto known = found_.find(attempt.task);
  if (known != found_.end())
    if (auto* worker = find(known->second); has(*worker)) return worker;
  for (const auto id : who_knows(attempt.task.workload))
    if (auto* worker = find(id); has(*worker)) {
      found_[attempt.task] = last_holder_ = id;
      return worker;
    }
  return nullptr;
}

void Workers::changed(Worker& worker) {
  const bool was = ready_.contains(worker.id()), is = worker.ready && !worker.draining;
  if (was != is) {
    put(ready_, worker.id(), is);
    is ? ready_slots_ += worker.slots() : ready_slots_ -= worker.slots();
  }
  const bool relays = is && worker.relay_port != 0;
  if (relays != can_relay_.contains(worker.id())) {
    put(can_relay_, worker.id(), relays);
    auto& there = relay_hosts_[worker.who.host];
    relays ? ++there : --there;
    if (there == 0) relay_hosts_.erase(worker.who.host);
    relays_changed_ = true;
  }
  put(with_free_, worker.id(), worker.free() > 0);
  put(with_over_, worker.id(), worker.over() > 0 && !worker.draining);
  put(to_empty_, worker.id(), worker.over() > 0 && worker.draining);
  rank(worker);
}

// Twice as many are one more: it is told of each task that ends.
void Workers::rank(Worker& worker) {
  constexpr std::uint32_t parts = 16;  // of a slot
  const bool has = worker.over() > 0 && !worker.draining && !worker.retracting;
  const auto size =
      static_cast<std::uint32_t>(std::bit_width(worker.over() * parts / worker.slots()));
  const auto is = has ? std::pair(1 + size, worker.given_priority) : std::pair(0u, std::int32_t{0});
  over_ += worker.over() - std::uint64_t{std::exchange(worker.counted_over, worker.over())};
  const auto was = std::exchange(worker.plenty, is);
  if (was == is) return;
  if (was.first > 0) {
    with_plenty_.erase({was.first, worker.id()});
    by_priority_.erase({was.second, worker.id()});
    plenty_slots_ -= worker.slots();
  }
  if (!has) return;
  with_plenty_.insert({is.first, worker.id()});
  by_priority_.insert({is.second, worker.id()});
  plenty_slots_ += worker.slots();
}

}  // namespace pcluster
