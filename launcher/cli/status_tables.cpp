// A status as people read it.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/status_tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/cli/table.hpp"

namespace pcluster {
namespace {

constexpr std::size_t most_workloads = 10;  // the newest; `status workloads` shows all

std::string memory(std::uint64_t mb) { return mb == 0 ? "-" : show_memory_mb(mb); }

Table workers_table(const Status& status) {
  Table table{{{"worker"},
               {"host"},
               {"job"},
               {"pool"},
               {"state"},
               {"slots", true},
               {"busy", true},
               {"cores", true},
               {"memory", true},
               {"tasks", true},
               {""}},
              {}};
  // Only where some came another way than directly, whose route is a bare address.
  const auto direct = [](const WorkerRow& row) { return row.route.find(' ') == row.route.npos; };
  const bool routes = std::ranges::any_of(
      status.workers, [&](const auto& row) { return row.state != "gone" && !direct(row); });
  if (routes) table.columns.insert(table.columns.end() - 1, {"route"});
  for (const auto& w : status.workers) {
    if (w.state == "gone") continue;
    table.rows.push_back({to_string(w.worker), w.host, w.job_id, w.pool, w.state,
                          std::to_string(w.slots), std::to_string(w.busy),
                          std::to_string(w.size.cores), memory(w.size.memory_mb),
                          std::to_string(w.tasks_done), w.confined ? "" : "not confined"});
    auto& row = table.rows.back();
    if (routes) row.insert(row.end() - 1, direct(w) ? "direct" : w.route);
  }
  return table;
}

Table jobs_table(const Status& status) {
  Table table{{{"job"}, {"pool"}, {"state"}, {"reason"}, {"workers"}, {"ends"}}, {}};
  for (const auto& job : status.jobs)
    table.rows.push_back({job.job_id.empty() ? "(" + job.token + ")" : job.job_id, job.pool,
                          std::string(to_string(job.state)), job.reason, job.workers,
                          job.end_unix == 0 ? "-" : show_utc(job.end_unix)});
  return table;
}

Table workloads_table(const Status& status, std::size_t most) {
  Table table{{{"workload", true},
               {"verb"},
               {"tasks", true},
               {"queued", true},
               {"running", true},
               {"done", true},
               {"failed", true},
               {"cancelled", true},
               {"command"}},
              {}};
  const auto& all = status.workloads;
  const bool tags = std::ranges::any_of(all, [](const auto& row) { return !row.tag.empty(); });
  if (tags) table.columns.insert(table.columns.begin() + 1, {"tag"});
  for (auto i = all.size() > most ? all.size() - most : 0; i < all.size(); ++i) {
    const auto& p = all[i].progress;
    table.rows.push_back({to_string(p.workload), all[i].verb, std::to_string(p.tasks),
                          std::to_string(p.queued), std::to_string(p.running),
                          std::to_string(p.done), std::to_string(p.failed),
                          std::to_string(p.cancelled), all[i].command});
    auto& row = table.rows.back();
    if (tags) row.insert(row.begin() + 1, all[i].tag);
  }
  return table;
}

std::string headline(const Status& status) {
  std::uint32_t slots = 0, busy = 0, home = 0;
  for (const auto& worker : status.workers) {
    if (worker.state != "idle" && worker.state != "busy") continue;
    ++home;
    slots += worker.slots;
    busy += worker.busy;
  }
  return fmt::format("cluster {} on {} (launcher {}, pid {}): {} worker{}, {} of {} slots busy\n",
                     status.cluster, printable(status.host), status.version, status.pid, home,
                     home == 1 ? "" : "s", busy, slots);
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

// What the number of jobs follows, and what is in its way.
std::string capacity_of(const PoolRow& pool) {
  std::string text;
  const auto add = [&](const std::string& words) { text += (text.empty() ? "" : "; ") + words; };
  if (pool.automatic) add(fmt::format("automatic, {} to {} jobs", pool.least, pool.most));
  if (!pool.paused.empty()) add("paused: " + pool.paused);
  if (!pool.excluded.empty()) add("without " + join(pool.excluded, ", "));
  return printable(text);
}

Table pools_table(const Status& status) {
  Table table{{{"pool"},
               {"jobs", true},
               {"home", true},
               {"wanted", true},
               {"cores", true},
               {"memory", true},
               {"site"},
               {"partition"},
               {""}},
              {}};
  for (const auto& pool : status.pools) {
    const auto& each = pool.spec.per_node;
    table.rows.push_back(
        {pool.pool, std::to_string(pool.wanted_jobs), std::to_string(pool.workers),
         std::to_string(pool.wanted_workers), each.cores == 0 ? "-" : std::to_string(each.cores),
         memory(each.memory_mb), pool.spec.site, or_dash(pool.spec.partition), capacity_of(pool)});
  }
  return table;
}

std::string pool_lines(const Status& status) {
  std::string text;
  for (const auto& pool : status.pools)
    text += fmt::format("pool {}: {} of {} workers home; site {}{}{}\n", printable(pool.pool),
                        pool.workers, pool.wanted_workers, pool.spec.site,
                        pool.spec.partition.empty() ? "" : ", partition " + pool.spec.partition,
                        capacity_of(pool).empty() ? "" : "; " + capacity_of(pool));
  return text;
}

}  // namespace

std::string status_table(const Status& status, std::string_view kind, std::size_t width) {
  if (kind == "jobs") return show(jobs_table(status), width);
  if (kind == "pools") return show(pools_table(status), width);
  if (kind == "launcher") return headline(status);
  if (kind == "workloads") return show(workloads_table(status, status.workloads.size()), width);
  return show(workers_table(status), width);
}

std::string status_text(const Status& status, std::size_t width) {
  auto text = headline(status);
  text += status.pools.size() > 1 ? "\n" + show(pools_table(status), width) : pool_lines(status);
  if (!status.jobs.empty()) text += "\n" + show(jobs_table(status), width);
  if (!status.workers.empty()) text += "\n" + show(workers_table(status), width);
  if (!status.workloads.empty())
    text += "\n" + show(workloads_table(status, most_workloads), width);
  if (!status.submit_error.empty())
    text += fmt::format("\nlast submit: {}\n  {}\n", printable(status.submit_error),
                        printable(status.submit_hint));
  return text;
}

}  // namespace pcluster
