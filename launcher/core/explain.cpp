// Why a task waits, from the task outwards: itself, the slots, the workers, the jobs, the queue.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "launcher/base/text.hpp"
#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

std::string counts(const Progress& p) {
  auto text = fmt::format("{} task{}: {} queued, {} running, {} done", p.tasks,
                          p.tasks == 1 ? "" : "s", p.queued, p.running, p.done);
  if (p.failed > 0) text += fmt::format(", {} failed", p.failed);
  if (p.cancelled > 0) text += fmt::format(", {} cancelled", p.cancelled);
  return text;
}

// "3 pending (Priority), 1 running"
std::string joined(const std::map<std::string, std::uint32_t>& numbers) {
  std::string text;
  for (const auto& [what, count] : numbers)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  return text;
}

// ", head of a gang: 4 ranks there, 2 on w1 (n1)"
std::string parts_of(const Ledger& ledger, const Gang& gang) {
  std::string text;
  for (const auto& part : gang)
    text += text.empty() ? fmt::format(", head of a gang: {} ranks there", part.ranks)
                         : fmt::format(", {} on {} ({})", part.ranks, to_string(part.worker),
                                       ledger.workers.find(part.worker)->who.host);
  return text;
}

}  // namespace

// Where it is now.  A worker runs what it has in the order in which it was given.
std::string Core::State::place_of(const TaskId& task) const {
  for (const auto& [id, worker] : ledger.workers.all()) {
    const auto found = worker.held.find(task);
    if (found == worker.held.end()) continue;
    const auto& held = found->second;
    const bool runs = held.started || worker.slots_up_to(held.order) <= worker.slots();
    const auto since = held.given_unix;
    auto text = fmt::format("{} {} ({})", runs ? "running on" : "next in line at", to_string(id),
                            worker.who.host);
    if (since > 0)
      text += fmt::format(" for {}", show_duration(std::max<Micros>(0, unix_now - since)));
    text += parts_of(ledger, held.gang);
    if (!worker.link) text += "; its connection is lost, and it may come back";
    return text;
  }
  const auto* workload = ledger.workloads.find(task.workload);
  if (workload == nullptr || !workload->queue.contains(task.index))
    return fmt::format("it has ended; see: pcluster results {}", to_string(task));
  const auto* history = workload->queue.history(task.index);
  if (history == nullptr || history->number == 0) return "queued";
  auto text = fmt::format("queued again, after {} attempt{}", history->number,
                          history->number == 1 ? "" : "s");
  if (history->failures > 0) text += fmt::format(", {} of them failed", history->failures);
  if (history->losses > 0)
    text += fmt::format(", {} lost with {} worker{}", history->losses,
                        history->losses == 1 ? "its" : "their", history->losses == 1 ? "" : "s");
  return text;
}

// Free slots that are kept for a larger task whose turn comes first.
std::string Core::State::kept_for(const Workload& workload) const {
  FreeSlots free;
  for (const auto id : ledger.workers.with_free()) free[id] = ledger.workers.find(id)->free();
  const bool one = std::ranges::any_of(free, [&](const auto& entry) {
    const auto need = slots_at(workload, *ledger.workers.find(entry.first), unix_now);
    return need > 0 && need <= entry.second;
  });
  const bool several =
      may_span(workload.spec.task) && !find_gang(ledger, workload, free, {}, unix_now).empty();
  if (!one && !several) return {};
  for (const auto& [order, id] : ledger.workloads.turns()) {
    if (id == workload.id) break;
    const auto kept = keeps.find(id);
    if (kept == keeps.end()) continue;
    const auto& task = ledger.workloads.find(id)->spec.task;
    const auto need =
        slots_at(*ledger.workloads.find(id), *ledger.workers.find(*kept->second.begin()), unix_now);
    return need > 0
               ? fmt::format("free slots are kept for workload {}, whose tasks need {} at once",
                             to_string(id), need)
               : fmt::format("free slots are kept for workload {}, whose tasks have {} ranks",
                             to_string(id), task.ranks);
  }
  return {};
}

std::string Core::State::why_queued(const Workload& workload) const {
  if (auto kept = kept_for(workload); !kept.empty()) return kept;
  auto why = why_waiting(ledger, fleet, workload, unix_now);
  std::uint32_t before = 0;
  for (const auto& [order, id] : ledger.workloads.turns()) {
    if (id == workload.id) break;
    ++before;
  }
  const bool has_turn =
      ledger.workloads.turns().contains({-std::int64_t{workload.spec.priority}, workload.id});
  if (has_turn && before > 0)
    why += fmt::format("; {} workload{} before it", before, before == 1 ? " is" : "s are");
  return why;
}

std::string Core::State::workers_line() const {
  std::map<std::string, std::uint32_t> numbers;
  std::uint32_t free = 0;
  for (const auto& [id, worker] : ledger.workers.all()) {
    if (worker.gone) continue;
    free += worker.free();
    ++numbers[!worker.link             ? "lost, may come back"
              : !worker.ending.empty() ? "leaving (the job ends)"
              : worker.draining        ? "draining"
              : worker.busy()          ? "busy"
                                       : "idle"];
  }
  if (numbers.empty()) return "none is home";
  return fmt::format("{}; {} of {} slots free", joined(numbers), free,
                     ledger.workers.ready_slots());
}

std::string Core::State::jobs_line(const Pool& pool) const {
  std::map<std::string, std::uint32_t> numbers;
  for (const auto& id : fleet.job_order()) {
    const auto& job = *fleet.job(id);
    if (job.pool != pool.asked.pool || job.ended()) continue;
    auto what = job.cancelled ? "ending" : std::string(to_string(job.state));
    if (!job.cancelled && job.draining) what = "draining";
    if (job.state == JobState::pending && !job.reason.empty()) what += " (" + job.reason + ")";
    if (job.never) what += ", which do not start by themselves";
    ++numbers[what];
  }
  if (const auto coming = fleet.coming(pool.asked.pool); coming > 0) numbers["submitting"] = coming;
  std::string more;
  if (pool.asked.automatic)
    more = fmt::format("; automatic, {} to {}", pool.asked.least, pool.asked.most);
  if (const auto why = fleet.paused(pool, last_now, unix_now); !why.empty())
    more += "; paused: " + why;
  if (!pool.excluded.empty()) more += "; without " + join(pool.excluded, ", ");
  if (numbers.empty() && pool.asked.automatic)
    return fmt::format("no jobs; {} wanted{}", pool.asked.jobs, more);
  if (numbers.empty())
    return fmt::format("no jobs; more with: pcluster scale N --pool {}{}", pool.asked.name, more);
  return fmt::format("{}; {} wanted{}", joined(numbers), pool.asked.jobs, more);
}

Explanation Core::State::explain(const TaskRef& what) const {
  const auto* workload = ledger.workloads.find(what.workload);
  const auto now_is = progress(what.workload);
  Explanation all;
  const auto add = [&](std::string name, std::string text) {
    all.items.emplace_back(std::move(name), std::move(text));
  };
  bool waits = now_is.queued > 0;
  if (what.index) {
    const TaskId task{what.workload, *what.index};
    add("task " + to_string(task), place_of(task));
    waits = workload != nullptr && workload->queue.contains(*what.index);
  }
  add("workload " + to_string(what.workload), counts(now_is));
  const auto ended = ledger.workloads.ended(what.workload);
  const auto doomed_by = ended ? ended->doomed_by : workload->doomed_by;
  if (doomed_by) add("cancelled", why_doomed(ledger, *doomed_by));
  if (waits) add("waits", why_queued(*workload));
  if (ended) return all;
  add("workers", workers_line());
  for (const auto& [id, pool] : fleet.pools()) add("pool " + pool.asked.name, jobs_line(pool));
  if (!fleet.error.empty())
    add("last submit", fleet.hint.empty() ? fleet.error : fleet.error + "; " + fleet.hint);
  return all;
}

}  // namespace pcluster
