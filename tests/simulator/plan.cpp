// What one seed is about.
// SPDX-License-Identifier: MIT
#include "tests/simulator/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pcluster::sim {
namespace {

PlannedWork make_work(Chance& chance, const Plan& plan, std::uint64_t nonce) {
  PlannedWork work;
  auto& spec = work.spec;
  spec.verb = "map";
  spec.task.argv = {"run", std::to_string(nonce), "{trial}", "{index}"};
  const bool is_short = chance.percent(60);
  const auto tasks = is_short ? chance.between(20, 250) : chance.between(1, 30);
  work.shortest = is_short ? 2 * millisecond : 1 * second;
  work.longest = is_short ? chance.between(5, 60) * millisecond : chance.between(2, 15) * second;
  const auto kind = chance.between(0, 3);
  for (std::int64_t i = 0; i < tasks && kind <= 1; ++i)
    work.lines.push_back(fmt::format("line {} of {}", i * i, nonce));
  if (kind == 0)
    spec.trials = work.lines;
  else if (kind == 1)
    spec.trials = TrialFile{"trials", "0", static_cast<std::uint32_t>(tasks)};
  else
    spec.trials = TrialRange{-5, -5 + 3 * (tasks - 1), 3};
  spec.priority = static_cast<std::int32_t>(chance.between(-1, 1));
  if (chance.percent(40)) {
    work.fails_percent = static_cast<int>(chance.between(5, 40));
    spec.retries = static_cast<std::uint32_t>(chance.between(0, 3));
    if (chance.percent(25)) spec.max_failures = static_cast<std::uint32_t>(chance.between(1, 9));
  }
  spec.loss_retries = plan.worker_crashes ? 3 : 1;
  if (plan.slots > 1 && chance.percent(35))
    spec.task.each.cores = static_cast<std::uint32_t>(chance.between(2, plan.slots));
  if (!is_short && chance.percent(20)) spec.task.time_limit = 4 * second;
  if (chance.percent(20)) work.cancel_at = chance.between(5, 60) * second;
  if (work.cancel_at && chance.percent(50))
    work.cancel_index = static_cast<std::uint32_t>(chance.between(0, tasks - 1));
  work.at = chance.between(0, 40) * second;
  return work;
}

// Its workers are chosen when it is asked for; it is lost with them.
void pin(PlannedWork& work) {
  work.lines.clear();
  work.cancel_index.reset();
  work.spec.task.each = {};
  work.spec.loss_retries = 0;
}

// More ranks than a worker has slots, as many as fit when all of the plan's jobs are there.
void widen(Chance& chance, const Plan& plan, PlannedWork& work) {
  auto& task = work.spec.task;
  task.each = {};
  task.each.cores = plan.slots > 1 && chance.percent(20) ? 2 : 0;
  const auto of_worker = plan.slots / std::max(1u, task.each.cores);
  const auto of_job = of_worker * plan.nodes;
  auto most = plan.span_jobs ? of_job * plan.jobs : of_job;
  if (chance.percent(25)) {
    task.span = chance.percent(60) ? Span::job : Span::worker;
    most = task.span == Span::job ? of_job : of_worker;
  }
  task.ranks = static_cast<std::uint32_t>(chance.between(1, most));
  task.resident = chance.percent(25);
  if (chance.percent(50)) work.spec.priority = 1;
}

// Drawn apart: plans without gangs are what they would be if there were none.
void plan_gangs(std::uint64_t seed, Plan& plan) {
  Chance chance(seed ^ 0x6a6e6773u);
  plan.gangs = chance.percent(50);
  if (!plan.gangs) return;
  plan.lonely = seed % 5 != 0 && chance.percent(40);
  plan.span_jobs = chance.percent(80);
  plan.nodes = static_cast<std::uint32_t>(chance.between(1, 3));
  for (auto& work : plan.work)
    if (!work.pinned && chance.percent(50)) widen(chance, plan, work);
}

// Drawn apart, as gangs are.
void plan_end(std::uint64_t seed, Plan& plan) {
  Chance chance(seed ^ 0x77616c6cu);
  if (plan.walltime == 0 || chance.percent(25)) return;
  plan.warning = chance.between(5, plan.walltime / second / 2) * second;
  plan.by_clock = chance.percent(50);
}

// Drawn apart too.
void plan_capacity(std::uint64_t seed, Plan& plan) {
  Chance chance(seed ^ 0x63617061u);
  plan.automatic = chance.percent(30);
  if (chance.percent(25)) plan.dies_percent = static_cast<int>(chance.between(10, 60));
  if (chance.percent(20)) plan.bad_node = 3;
  if (chance.percent(25)) plan.manners.max_array = static_cast<std::uint32_t>(chance.between(1, 3));
  // Not below what the plan's gangs need.
  if (chance.percent(25)) plan.manners.max_jobs = plan.jobs;
  if (chance.percent(25)) plan.manners.submit_every = chance.between(5, 20) * second;
  // Jobs that end before the last has begun never make up a gang of all.
  if (plan.gangs && plan.walltime > 0) plan.manners.submit_every = 0;
  if (chance.percent(25)) plan.manners.poll = chance.between(20, 60) * second;
  plan.full = chance.percent(15);
}

}  // namespace

Plan make_plan(std::uint64_t seed) {
  Chance chance(seed);
  Plan plan;
  const auto kind = seed % 5;  // 0 is calm: nothing is ever given up, so nothing may run twice
  plan.launcher_crashes = kind == 0 || kind >= 3 || chance.percent(30);
  plan.cuts = kind == 0 || kind == 1 || kind == 4;
  plan.silences = kind == 1 || kind == 4;
  plan.worker_crashes = kind == 1 || kind == 4;
  plan.lies = kind == 2 || kind == 4;
  plan.slow_disk = chance.percent(40);
  plan.stalls = chance.percent(25);
  plan.faults_end = chance.between(60, 180) * second;
  plan.jobs = static_cast<std::uint32_t>(chance.between(2, 5));
  plan.slots = static_cast<std::uint32_t>(chance.between(1, 4));
  plan.nodes = chance.percent(15) ? 2 : 1;
  if (kind != 0 && chance.percent(20)) plan.walltime = chance.between(100, 300) * second;
  if (chance.percent(20)) plan.idle_timeout = 15 * second;
  const auto workloads = chance.between(2, 5);
  for (std::int64_t i = 0; i < workloads; ++i)
    plan.work.push_back(make_work(chance, plan, seed * 100 + static_cast<std::uint64_t>(i)));
  plan.scales = chance.percent(40);
  for (std::int64_t i = 1; i < workloads; ++i) {
    auto& work = plan.work[static_cast<std::size_t>(i)];
    if (chance.percent(35)) work.after = static_cast<std::size_t>(chance.between(0, i - 1));
    work.after_any = chance.percent(50);
    work.pinned = !work.after && chance.percent(25);
    if (work.pinned) pin(work);
  }
  plan_gangs(seed, plan);
  plan_end(seed, plan);
  plan_capacity(seed, plan);
  return plan;
}

}  // namespace pcluster::sim
