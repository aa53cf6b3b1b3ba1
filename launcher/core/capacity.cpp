// Automatic pools: as many jobs as there is work for that fits them, within their bounds.  More at
// once; fewer only once jobs have been idle, or the work gone, for some time.  Pure: no clock, no
// I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/capacity.hpp"

#include <algorithm>
#include <cmath>

#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

constexpr Micros between_cancels = 300 * second;  // of jobs in the queue: several in one command
constexpr double a_bit = 1e-6;                    // sums of shares are not exact

double several_workers(const Pool& of, const TaskTemplate& task, const Resources& size,
                       std::uint32_t slots, std::uint32_t jobs) {
  if (!may_span(task)) return 0;
  const auto& spec = of.asked.spec;
  const bool alone = task.span == Span::job || !spec.mpi.span_jobs;
  const auto workers = std::uint64_t{std::max(1u, spec.nodes)} * (alone ? 1 : jobs);
  const auto each = ranks_in(task, slots, size, slots);
  if (workers * each < task.ranks) return 0;
  const auto rest = task.ranks % each;
  const auto part = rest == 0 ? 0 : slots_for_ranks(task, rest, size, slots);
  return task.ranks / each + static_cast<double>(part) / slots;
}

}  // namespace

bool unknown_size(const Pool& of) {
  return of.slots == 0 && of.asked.spec.slots == 0 && of.asked.spec.per_node.cores == 0;
}

double workers_for(const Pool& of, const TaskTemplate& task, Micros needs_time,
                   std::uint32_t jobs) {
  const auto& spec = of.asked.spec;
  if (spec.time > 0 && needs_time > spec.time) return 0;
  if (unknown_size(of)) return 1;
  auto size = of.slots > 0 ? of.size : spec.per_node;
  auto slots = of.slots;
  if (slots == 0) {
    slots = spec.slots > 0 ? spec.slots : size.cores;
    size.cores = std::max(size.cores, slots);
    size.gpus = std::max(size.gpus, task.each.gpus * std::max(task.ranks, 1u));  // seldom said
  }
  const auto need = slots_for(task, size, slots);
  if (need > 0) return 1.0 / (slots / need);
  return several_workers(of, task, size, slots, jobs);
}

const Pool* automatic_for(const Fleet& fleet, const TaskTemplate& task, Micros needs_time) {
  for (const auto& [id, pool] : fleet.pools())
    if (pool.asked.automatic && workers_for(pool, task, needs_time, pool.asked.most) > 0)
      return &pool;
  return nullptr;
}

// Of what waits for its turn, each pool's share in workers: what the first pool has no room for is
// the next one's.
std::map<PoolId, double> Core::State::waiting_work() const {
  std::map<PoolId, double> shares;
  for (const auto& [order, id] : ledger.workloads.turns()) {
    const auto& workload = *ledger.workloads.find(id);
    double tasks = workload.queue.size();
    for (const auto& [pool_id, pool] : fleet.pools()) {
      if (!pool.asked.automatic || tasks < a_bit) continue;
      const auto each =
          workers_for(pool, workload.spec.task, workload.needs_time(), pool.asked.most);
      if (each == 0) continue;
      auto& share = shares[pool_id];
      const double room = 1.0 * pool.asked.most * std::max(1u, pool.asked.spec.nodes) - share;
      const auto taken = std::clamp(tasks * each, 0.0, std::max(0.0, room));
      share += taken;
      tasks -= taken / each;
    }
  }
  return shares;
}

// Something that waits could begin there once it has room.
bool Core::State::useful(const Worker& worker) const {
  return std::ranges::any_of(ledger.workloads.turns(), [&](const auto& turn) {
    const auto& workload = *ledger.workloads.find(turn.second);
    return slots_at(workload, worker, unix_now) > 0 ||
           (may_span(workload.spec.task) && may_have_part(workload, worker, unix_now));
  });
}

Core::State::JobsOf Core::State::jobs_of(PoolId pool, Now& seen) const {
  std::map<std::string, Idle> home;  // jobs with workers
  JobsOf jobs;
  std::set<std::string> busy, useless;
  for (const auto& [id, worker] : ledger.workers.all()) {
    if (worker.gone) continue;
    const auto& job = worker.who.job_id;
    home[job].tasks_done += worker.tasks_done;
    // Who is away may come back with tasks.
    if (worker.busy() || !worker.link || ledger.awaited(id)) busy.insert(job);
    if (worker.ready && !useful(worker)) useless.insert(job);
    if (worker.pool == pool && worker.over() > 0)
      jobs.waiting_there += static_cast<double>(worker.over()) / worker.slots();
  }
  for (const auto& id : fleet.job_order()) {
    const auto& job = *fleet.job(id);
    if (job.pool != pool || !job.counts()) continue;
    const auto found = home.find(id);
    if (found == home.end()) {
      jobs.absent.push_back(id);
    } else if (busy.contains(id)) {
      ++jobs.busy;
    } else {
      const auto before = seen.idle.find(id);
      const bool same =
          before != seen.idle.end() && before->second.tasks_done == found->second.tasks_done;
      jobs.idle[id] = {same ? before->second.since : last_now, found->second.tasks_done};
      jobs.useless += useless.contains(id) ? 1 : 0;
    }
  }
  seen.idle = jobs.idle;
  return jobs;
}

void Core::State::adapt(Turn& turn) {
  const bool any = std::ranges::any_of(
      fleet.pools(), [](const auto& entry) { return entry.second.asked.automatic; });
  if (!any) {
    adapt_at.reset();
    return;
  }
  if (!turn.idle || !turn.out.append.empty())
    adapt_at = std::min(adapt_at.value_or(adapt_next), std::max(adapt_next, turn.now));
  if (!adapt_at || *adapt_at > turn.now) return;
  adapt_at.reset();
  adapt_next = turn.now + policy.adapt;
  const auto work = waiting_work();
  for (const auto& [id, pool] : fleet.pools()) {
    if (!pool.asked.automatic) continue;
    const auto share = work.find(id);
    adapt(turn, id, share == work.end() ? 0 : share->second);
  }
}

void Core::State::adapt(Turn& turn, PoolId id, double share) {
  const auto& pool = *fleet.pool(id);
  const auto asked = pool.asked;
  auto& seen = capacity[id];
  const auto jobs = jobs_of(id, seen);
  share += jobs.waiting_there;
  const bool work = share > a_bit;
  auto more = static_cast<std::uint32_t>(
      std::ceil(share / std::max(1u, asked.spec.nodes) - (work ? a_bit : 0)));
  if (unknown_size(pool)) more = std::min(more, 1u);
  const bool asleep = asked.jobs < asked.least && !work && jobs.busy == 0;  // dismissed once
  const auto need = std::clamp(jobs.busy + (work ? jobs.useless : 0) + more,
                               asleep ? 0 : asked.least, asked.most);
  const auto living = fleet.living(id);
  const auto look_again = [&](Time at) { adapt_at = std::min(adapt_at.value_or(at), at); };
  if (need >= living) {
    // What was cancelled just now is not followed by more at once.
    if (seen.spare_since && *seen.spare_since <= turn.now) seen.spare_since.reset();
    if (need > asked.jobs) fleet.worked(id, turn.now);  // dismissed, and wanted again
    fleet.want(id, need, turn.out);
    if (need > living) fleet.top_up(id, need - living, turn.now, turn.unix_now, turn.out);
    const auto may = fleet.may_submit(pool, false);
    if (fleet.living(id) < need && may) look_again(std::max(*may, adapt_next));
    return;
  }
  if (!seen.spare_since) seen.spare_since = turn.now;
  const auto calm_at =
      *seen.spare_since + (asked.idle > 0 ? std::min(policy.calm, asked.idle) : policy.calm);
  auto spare = living - need;
  std::vector<std::string> end;
  for (const auto& [job_id, idle] : jobs.idle) {
    if (asked.idle == 0) break;
    if (turn.now >= idle.since + asked.idle)
      end.push_back(job_id);
    else
      look_again(idle.since + asked.idle);
  }
  const auto queued = static_cast<std::uint32_t>(jobs.absent.size()) + fleet.coming(id);
  const auto cancelled = turn.now >= calm_at ? std::min(spare, queued) : 0;
  if (cancelled > 0) seen.spare_since = turn.now + between_cancels - (calm_at - *seen.spare_since);
  if (turn.now < calm_at && queued > 0) look_again(calm_at);
  end.resize(std::min<std::size_t>(end.size(), spare - cancelled));
  // A new launcher does not know who was to drain: above the most, shrink() chooses again.
  const auto kept = living - cancelled - static_cast<std::uint32_t>(end.size());
  fleet.want(id, std::min(kept, asked.most), turn.out);
  for (auto i = jobs.absent.size(); i > 0 && jobs.absent.size() - i < cancelled; --i)
    fleet.cancel_job(jobs.absent[i - 1], turn.out);
  for (const auto& job_id : end) fleet.drain(job_id);
}

}  // namespace pcluster
