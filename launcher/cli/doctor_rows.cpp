// Rows on the way between login host and node: the job, addresses, the state directory, clocks.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/doctor_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/cli/doctor_node_rows.hpp"
#include "launcher/io/hops.hpp"

namespace pcluster {
namespace {

constexpr Micros stale_after = 5 * second, clock_apart = 2 * second;

DoctorRow cpu_row(const LoginFacts& facts) {
  if (!facts.cpu_seconds) return {"login CPU limit", "ok", "none (ulimit -t)", {}};
  return {"login CPU limit", "warning",
          fmt::format("a process on {} is killed after {} of CPU time (ulimit -t)", facts.host,
                      show_duration(static_cast<Micros>(*facts.cpu_seconds) * second)),
          "the launcher idles near zero, but serves many short tasks: for long runs raise it, or "
          "call pcluster from an interactive job"};
}

DoctorRow logout_row(const LoginFacts& facts) {
  const std::string name = "after logout";
  if (!facts.kills_at_logout) return {name, "ok", "no logind on " + facts.host, {}};
  if (!*facts.kills_at_logout) return {name, "ok", "processes go on (KillUserProcesses=no)", {}};
  if (facts.lingers) return {name, "ok", "processes go on: this user lingers", {}};
  return {name, "warning", "logind ends your processes, the launcher too (KillUserProcesses=yes)",
          "loginctl enable-linger; where that is forbidden, stay logged in: a launcher that was "
          "ended takes its workers back when the next verb starts it again"};
}

DoctorRow names_row(const LoginFacts& facts) {
  const std::string name = "login hosts";
  if (!facts.launcher_host.empty())
    return {name, "warning",
            fmt::format("this is {}, and the launcher of this cluster was started on {}",
                        facts.host, facts.launcher_host),
            fmt::format("call pcluster there: ssh {} pcluster ...", facts.launcher_host)};
  if (!facts.alias_others.empty())
    return {name, "warning",
            fmt::format("{} is one of several behind the name {} ({})", facts.host, facts.alias,
                        join(facts.alias_others, ", ")),
            fmt::format("a cluster is used from the host that started it: log in to {} by its own "
                        "name",
                        facts.host)};
  return {name, "ok", facts.host, {}};
}

DoctorRow place_row(const LoginFacts& facts) {
  DoctorRow row{
      "state directory", "ok", fmt::format("{} on {}", facts.directory, facts.on.name), {}};
  if (facts.on.kind == "ram") {
    row.state = "warning";
    row.detail += ": RAM of this host";
    row.remedy =
        "a cluster does not outlive a reboot there; set PCLUSTER_DIR to a directory on disk";
  }
  return row;
}

std::string list_of(const std::vector<AddressTry>& tries, bool reached) {
  std::vector<std::string> words;
  for (const auto& each : tries)
    if (each.reached() == reached)
      words.push_back(reached ? fmt::format("{} in {:.1f} ms", each.address,
                                            static_cast<double>(each.took) / millisecond)
                              : fmt::format("{}: {}", each.address, each.kind));
  return join(words, ", ");
}

bool reached_any(const std::vector<AddressTry>& tries) {
  return std::ranges::any_of(tries, [](const AddressTry& each) { return each.reached(); });
}

DoctorRow addresses_row(const Findings& found) {
  const auto& tries = found.tries;
  const auto missed = list_of(tries, false);
  DoctorRow row{"node to login", "ok", list_of(tries, true), {}};
  if (reached_any(tries)) {
    if (!missed.empty()) row.detail += "; not by " + missed;
    return row;
  }
  row.state = "failed";
  row.detail = fmt::format("{} reaches no address of the launcher: {}", found.host, missed);
  const bool wrong_key =
      std::ranges::any_of(tries, [](const auto& each) { return each.kind == "wrong key"; });
  row.remedy =
      wrong_key
          ? "somebody else listens there: try again; if it stays so, ask the site"
          : "ask the site which ports nodes may reach on the login host, and try those: pcluster "
            "doctor --ports FIRST-LAST";
  return row;
}

DoctorRow back_row(const ProbeRun& run) {
  const std::string name = "login to node";
  if (run.findings->port == 0)
    return {name, "warning", "the probe could not listen there",
            "programs over several jobs need a port on the nodes: which may be used there?"};
  if (reached_any(run.back)) return {name, "ok", list_of(run.back, true), {}};
  return {name, "ok", "no way (" + list_of(run.back, false) + "); pcluster does not need one", {}};
}

DoctorRow directory_row(const ProbeRun& run) {
  const auto& found = *run.findings;
  DoctorRow row{"directory on the node",
                "ok",
                fmt::format("{} sees it, on {}", found.host, found.directory.name),
                {}};
  const auto latency = latency_of(run);
  if (!latency) {
    row.state = "failed";
    row.detail += "; " + run.stale;
    row.remedy =
        "the file system shows changes too late (attribute cache?): set PCLUSTER_DIR to a "
        "directory on another one";
    return row;
  }
  const auto& [there, back, ahead, apart] = *latency;
  row.detail += apart
                    ? fmt::format("; a change is seen there after {:.0f} ms, here after {:.0f} ms",
                                  static_cast<double>(there) / millisecond,
                                  static_cast<double>(back) / millisecond)
                    : fmt::format("; a change and its answer take {:.0f} ms",
                                  static_cast<double>(there + back) / millisecond);
  if (std::max(there, back) < stale_after) return row;
  row.state = "warning";
  row.remedy = "workers find a restarted launcher that late, and output comes that late";
  return row;
}

DoctorRow clock_row(const ProbeRun& run) {
  const auto latency = latency_of(run);
  const auto ahead = run.findings->clock_ahead ? run.findings->clock_ahead
                     : latency                 ? std::optional(latency->clock_ahead)
                                               : std::nullopt;
  if (!ahead) return {"clocks", "warning", "not compared: no way to the node", {}};
  DoctorRow row{
      "clocks",
      "ok",
      fmt::format("{} is {:.3f} s {}", run.findings->host,
                  static_cast<double>(std::abs(*ahead)) / second, *ahead < 0 ? "behind" : "ahead"),
      {}};
  if (std::abs(*ahead) < clock_apart) return row;
  row.state = "warning";
  row.remedy = "times in results are each host's own: tell the site that its clocks differ";
  return row;
}

DoctorRow job_row(const ProbeRun& run) {
  const auto job = run.job_id.empty() ? "the probe job" : "job " + run.job_id;
  if (run.findings)
    return {"probe job",
            "ok",
            fmt::format("{} on {}, {} after its submit", job, run.findings->host,
                        show_duration(run.waited)),
            {}};
  return {"probe job", "failed", run.job_id.empty() ? run.problem : job + ": " + run.problem,
          run.remedy};
}

Micros median(std::vector<Micros> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

std::optional<Latency> latency_of(const ProbeRun& run) {
  if (run.rounds.empty()) return {};
  std::vector<Micros> there, back;
  for (const auto& [answer, seen] : run.rounds) {
    there.push_back(answer.seen_unix - answer.answered_unix);
    back.push_back(seen - answer.written_unix);
  }
  const auto out = median(std::move(there)), home = median(std::move(back));
  // Without the clocks' difference by TCP: as if both ways took the same time.
  const auto known = run.findings ? run.findings->clock_ahead : std::nullopt;
  const auto ahead = known.value_or((out - home) / 2);
  return Latency{std::max<Micros>(out - ahead, 0), std::max<Micros>(home + ahead, 0), ahead,
                 known.has_value()};
}

std::vector<DoctorRow> login_rows(const LoginFacts& facts) {
  return {cpu_row(facts), logout_row(facts), names_row(facts), place_row(facts)};
}

std::vector<DoctorRow> probe_rows(const ProbeRun& run, bool same_host) {
  std::vector<DoctorRow> rows{job_row(run)};
  if (!run.findings) return rows;
  rows.push_back(addresses_row(*run.findings));
  rows.push_back(back_row(run));
  rows.push_back(directory_row(run));
  rows.push_back(clock_row(run));
  for (auto& row : node_rows(*run.findings, same_host)) rows.push_back(std::move(row));
  return rows;
}

}  // namespace pcluster
