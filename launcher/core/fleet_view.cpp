// What others read of the fleet, and its invariants.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "launcher/core/fleet.hpp"

namespace pcluster {

const Submit* Fleet::submit(const std::string& token) const {
  const auto found = submits_.find(token);
  return found == submits_.end() ? nullptr : &found->second;
}

const Job* Fleet::job(const std::string& id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

std::vector<std::string> Fleet::jobs_of(const std::string& token) const {
  std::vector<std::string> ids;
  for (const auto& id : order_)
    if (job(id)->token == token) ids.push_back(id);
  return ids;
}

const Pool* Fleet::pool(PoolId id) const {
  const auto found = pools_.find(id);
  return found == pools_.end() ? nullptr : &found->second;
}

const Pool* Fleet::pool(const std::string& name) const {
  for (const auto& [id, pool] : pools_)
    if (pool.asked.name == name) return &pool;
  return nullptr;
}

const std::string& Fleet::adapter_of(const std::string& token) const {
  static const std::string none;
  const auto* known = submit(token);
  const auto* of = known == nullptr ? nullptr : pool(known->began.pool);
  return of == nullptr ? none : of->asked.spec.adapter;
}

std::uint32_t Fleet::living(PoolId id) const {
  std::uint32_t count = 0;
  for (const auto& [job_id, job] : jobs_)
    if (job.pool == id && job.counts()) ++count;
  return count + coming(id);
}

std::uint32_t Fleet::coming(PoolId id) const {
  std::uint32_t count = 0;
  for (const auto& [token, submit] : submits_) {
    if (submit.began.pool != id || !submit.open() || submit.cancelled) continue;
    const auto known = std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
      return entry.second.token == token && !entry.second.ended();
    });
    const auto more =
        std::min<std::uint32_t>(static_cast<std::uint32_t>(known), submit.began.count);
    count += submit.began.count - more;
  }
  return count;
}

std::uint32_t Fleet::surplus(PoolId id) const {
  const auto* of = pool(id);
  if (of == nullptr) return 0;
  const bool counts = of->fewer || of->asked.jobs == 0;
  if (!counts && !of->asked.automatic) return 0;
  const auto alive = living(id);
  return alive - std::min(alive, counts ? of->asked.jobs : of->asked.most);
}

bool Fleet::has_jobs(PoolId id) const {
  if (const auto* of = pool(id); of != nullptr && of->asked.automatic) return true;
  const bool drains = std::any_of(draining_.begin(), draining_.end(), [&](const auto& job_id) {
    return job(job_id)->pool == id && !job(job_id)->ended();
  });
  return drains || living(id) > 0;
}

// What a scheduler allows may change from one submit to the next: it is no shape.
std::string Fleet::pool_for(const JobSpec& spec) const {
  auto alike = spec;
  for (const auto& [id, pool] : pools_) {
    alike.manners = pool.asked.spec.manners;
    if (pool.asked.spec == alike && has_jobs(id)) return pool.asked.name;
  }
  std::string name = "default";
  for (std::uint32_t number = 2;; name = "pool-" + std::to_string(number++)) {
    const auto* known = pool(name);
    if (known == nullptr || !has_jobs(known->asked.pool)) return name;
  }
}

const Pool* Fleet::only_pool() const {
  const Pool* with_jobs = nullptr;
  std::size_t count = 0;
  for (const auto& [id, pool] : pools_)
    if (has_jobs(id)) with_jobs = &pool, ++count;
  if (count == 1) return with_jobs;
  return pools_.size() == 1 ? &pools_.begin()->second : nullptr;
}

std::uint32_t Fleet::living() const {
  std::uint32_t count = 0;
  for (const auto& [id, pool] : pools_) count += living(id);
  return count;
}

bool Fleet::starting(PoolId id) const {
  const auto open = [&](const auto& entry) {
    return entry.second.began.pool == id && entry.second.open();
  };
  const auto waits = [&](const auto& entry) {
    return entry.second.pool == id && !entry.second.ended() && !entry.second.started;
  };
  return std::ranges::any_of(submits_, open) || std::ranges::any_of(jobs_, waits);
}

bool Fleet::unwanted(const std::string& job_id) const {
  const auto* known = job(job_id);
  return known != nullptr && known->cancelled;
}

bool Fleet::open_submits() const {
  return std::any_of(submits_.begin(), submits_.end(),
                     [](const auto& entry) { return entry.second.open(); });
}

std::vector<const Pool*> Fleet::idle(Time now) const {
  std::vector<const Pool*> pools;
  for (const auto& [id, pool] : pools_)
    if (pool.home > 0 && pool.asked.jobs > 0 && pool.asked.idle_timeout > 0 &&
        now >= pool.busy_at + pool.asked.idle_timeout)
      pools.push_back(&pool);
  return pools;
}

std::string Fleet::broken() const {
  for (const auto& [token, submit] : submits_)
    if (submit.phase == Submit::Phase::lost &&
        deadline().value_or(submit.look_at + 1) > submit.look_at)
      return "no timer for the look-up of submit " + token;
  for (const auto& [id, job] : jobs_)
    if (to_poll(job) && !next_poll_ && !polling_)
      return "job " + id + " is neither home nor asked about";
  return {};
}

}  // namespace pcluster
