// Jobs above the number that is wanted: pending ones are cancelled, then idle ones end, then busy
// ones once their tasks have.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>

#include "launcher/core/state.hpp"

namespace pcluster {

// Nothing is written about who drains: a new launcher counts again, and may choose others.
void Core::State::shrink(Turn& turn) {
  for (const auto id : fleet.take_recount()) shrink(turn, id);
  const auto redrained = fleet.take_redrained();
  for (const auto& job_id : redrained)
    for (const auto id : ledger.workers.of_job(job_id))
      mark_draining(turn, *ledger.workers.find(id));
  const bool nothing_new = turn.idle && turn.out.append.empty() && redrained.empty();
  if (!fleet.draining().empty() && !nothing_new) end_drained(turn);
}

Shrunk Core::State::shrink(Turn& turn, PoolId pool) {
  Shrunk shrunk;
  shrunk.cancelled = fleet.drop_waiting(pool, turn.unix_now, turn.out);
  auto surplus = fleet.surplus(pool);
  if (surplus == 0) return shrunk;
  std::map<std::string, std::size_t> tasks;  // of the jobs with workers
  for (const auto& [id, worker] : ledger.workers.all())
    if (!worker.gone) tasks[worker.who.job_id] += worker.held.size() + worker.lent.size();

  std::vector<std::string> absent, idle, busy;
  for (const auto& id : fleet.job_order()) {
    const auto& job = *fleet.job(id);
    if (job.pool != pool || !job.counts()) continue;
    const auto found = tasks.find(id);
    (found == tasks.end() ? absent : found->second == 0 ? idle : busy).push_back(id);
  }
  const auto take = [&](std::vector<std::string>& from) {  // the newest first
    std::vector<std::string> taken;
    for (; surplus > 0 && !from.empty(); --surplus, from.pop_back()) taken.push_back(from.back());
    return taken;
  };
  for (const auto& id : take(absent)) {
    fleet.cancel_job(id, turn.out);
    ++shrunk.cancelled;
  }
  // Jobs of a submit without an answer are cancelled once they are known.
  const auto later = std::min(surplus, fleet.coming(pool));
  shrunk.cancelled += later;
  surplus -= later;
  for (const auto& id : take(idle)) fleet.drain(id), ++shrunk.ending;
  for (const auto& id : take(busy)) fleet.drain(id), ++shrunk.draining;
  return shrunk;
}

void Core::State::mark_draining(Turn& turn, Worker& worker) {
  const auto* job = fleet.job(worker.who.job_id);
  const bool drains = !worker.ending.empty() || (job != nullptr && job->draining);
  if (worker.draining == drains) return;
  worker.draining = drains;
  ledger.workers.changed(worker);
  turn.spoke.insert(worker.id());
}

// Whoever is away may come back with tasks that we do not know of: it is waited for.
bool Core::State::drained(const std::string& job_id) const {
  return std::ranges::all_of(ledger.workers.of_job(job_id), [&](WorkerId id) {
    const auto& worker = *ledger.workers.find(id);
    if (worker.gone || worker.leaving) return true;
    return worker.ready && !worker.busy() && !ledger.awaited(id);
  });
}

void Core::State::end_drained(Turn& turn) {
  for (const auto& job_id :
       std::vector<std::string>(fleet.draining().begin(), fleet.draining().end())) {
    if (!drained(job_id)) continue;
    for (const auto id : ledger.workers.of_job(job_id))
      if (auto& worker = *ledger.workers.find(id); worker.link && !worker.leaving)
        stop(turn, worker, "its pool was scaled down");
    fleet.cancel_job(job_id, turn.out);
  }
}

}  // namespace pcluster
