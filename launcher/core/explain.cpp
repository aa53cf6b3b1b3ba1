// Why a task waits, from the task outwards: itself, the slots, the workers, the jobs, the queue.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>

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

}  // namespace

// Where it is now.  A worker runs what it has in the order in which it was given.
std::string Core::State::place_of(const TaskId& task) const {
  for (const auto& [id, worker] : ledger.workers.all()) {
    const auto found = worker.held.find(task);
    if (found == worker.held.end()) continue;
    std::uint32_t before = 0;
    for (const auto& [other, held] : worker.held)
      if (held.order < found->second.order) before += held.slots;
    const bool runs = found->second.started || before + found->second.slots <= worker.slots();
    const auto since = found->second.given_unix;
    auto text = fmt::format("{} {} ({})", runs ? "running on" : "next in line at", to_string(id),
                            worker.who.host);
    if (since > 0)
      text += fmt::format(" for {}", show_duration(std::max<Micros>(0, unix_now - since)));
    if (!worker.link) text += "; its connection is lost, and it may come back";
    return text;
  }
  const auto& workload = *ledger.workloads.find(task.workload);
  if (!workload.queue.contains(task.index))
    return fmt::format("it has ended; see: pcluster results {}", to_string(task));
  const auto* history = workload.queue.history(task.index);
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
  const bool room = std::ranges::any_of(ledger.workers.ready(), [&](WorkerId id) {
    const auto& worker = *ledger.workers.find(id);
    const auto need = slots_at(workload, worker, unix_now);
    return need > 0 && need <= worker.free();
  });
  if (!room) return {};
  for (const auto& [order, id] : ledger.workloads.turns()) {
    if (id == workload.id) break;
    for (const auto worker_id : ledger.workers.ready()) {
      const auto need =
          slots_at(*ledger.workloads.find(id), *ledger.workers.find(worker_id), unix_now);
      if (need > 1)
        return fmt::format("free slots are kept for workload {}, whose tasks need {} at once",
                           to_string(id), need);
    }
  }
  return {};
}

std::string Core::State::why_queued(const Workload& workload) const {
  if (auto kept = kept_for(workload); !kept.empty()) return kept;
  auto why = why_waiting(ledger, workload, unix_now);
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
    ++numbers[!worker.link          ? "lost, may come back"
              : worker.draining     ? "draining"
              : worker.held.empty() ? "idle"
                                    : "busy"];
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
  if (numbers.empty())
    return fmt::format("no jobs; more with: pcluster scale N --pool {}", pool.asked.name);
  return fmt::format("{}; {} wanted", joined(numbers), pool.asked.jobs);
}

Explanation Core::State::explain(const TaskRef& what) const {
  const auto& workload = *ledger.workloads.find(what.workload);
  Explanation all;
  const auto add = [&](std::string name, std::string text) {
    all.items.emplace_back(std::move(name), std::move(text));
  };
  bool waits = !workload.queue.empty();
  if (what.index) {
    const TaskId task{what.workload, *what.index};
    add("task " + to_string(task), place_of(task));
    waits = workload.queue.contains(*what.index);
  }
  add("workload " + to_string(workload.id), counts(progress(workload)));
  if (auto doomed = why_doomed(ledger, workload); !doomed.empty()) add("cancelled", doomed);
  if (waits) add("waits", why_queued(workload));
  if (workload.finished()) return all;
  add("workers", workers_line());
  for (const auto& [id, pool] : fleet.pools()) add("pool " + pool.asked.name, jobs_line(pool));
  if (!fleet.error.empty())
    add("last submit", fleet.hint.empty() ? fleet.error : fleet.error + "; " + fleet.hint);
  return all;
}

}  // namespace pcluster
