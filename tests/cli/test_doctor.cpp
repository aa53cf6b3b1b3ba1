// What doctor makes of findings: states, remedies, what is remembered, what submit says of it.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/cli/doctor_report.hpp"

using namespace pcluster;

namespace {

ProbeRun good_run() {
  ProbeRun run;
  run.job_id = "12";
  Findings found;
  found.host = "n14";
  found.addresses = {"10.0.0.14"};
  found.port = 60001;
  found.tries = {{"10.0.0.1", "reached", "", 1200},
                 {"192.0.2.2", "no route", "No route to host", 30}};
  found.clock_ahead = 3 * millisecond;
  found.directory = {"nfs", "shared", 1000};
  found.cores = 1;
  found.memory_mb = 1000;
  found.scratch = {{"/tmp", "", {"xfs", "local", 9000}, true}};
  found.programs = {{"mpiexec", "/opt/bin/mpiexec", "4.1.4"}};
  run.findings = found;
  run.back = {{"10.0.0.14", "reached", "", 900}};
  // Seen there 20 ms after it was written, answered at once, seen here 10 ms later.
  run.rounds = {{Stamp{1, 1'023'000, 1'000'000, 1'023'000}, 1'030'000}};
  return run;
}

DoctorRow row(const ProbeRun& run, const std::string& name) {
  const auto rows = probe_rows(run, false);
  const auto found = std::ranges::find(rows, name, &DoctorRow::name);
  REQUIRE(found != rows.end());
  return *found;
}

bool has(const std::string& text, const char* words) {
  INFO(text);
  return text.find(words) != text.npos;
}

}  // namespace

TEST_CASE("all is well") {
  const auto run = good_run();
  for (const auto& each : probe_rows(run, false)) {
    INFO(each.name, ": ", each.detail);
    CHECK(each.state == "ok");
    CHECK(each.remedy.empty());
  }
  CHECK(row(run, "node to login").detail == "10.0.0.1 in 1.2 ms; not by 192.0.2.2: no route");
  CHECK(has(row(run, "directory on the node").detail, "seen there after 20 ms, here after 10 ms"));
}

TEST_CASE("no address is reached: each with its own error") {
  auto run = good_run();
  run.findings->tries[0] = {"10.0.0.1", "refused", "Connection refused", 30};
  run.findings->clock_ahead.reset();
  const auto addresses = row(run, "node to login");
  CHECK(addresses.state == "failed");
  CHECK(addresses.detail ==
        "n14 reaches no address of the launcher: 10.0.0.1: refused, 192.0.2.2: no route");
  CHECK(has(addresses.remedy, "--ports"));
  // What the stamps tell of both ways together: 23 and 7 ms by clocks of which nothing is known.
  CHECK(has(row(run, "directory on the node").detail, "a change and its answer take 30 ms"));
  CHECK(row(run, "clocks").state == "ok");
  run.findings->tries[0].kind = "wrong key";
  CHECK(has(row(run, "node to login").remedy, "somebody else"));
}

TEST_CASE("a directory that is seen late, or not at all") {
  auto run = good_run();
  run.rounds[0].seen_unix += 30 * second;
  CHECK(row(run, "directory on the node").state == "warning");
  run.rounds.clear();
  run.stale = "no answer to a change there within 60.0s";
  CHECK(row(run, "directory on the node").state == "failed");
  CHECK(has(row(run, "directory on the node").detail, "no answer"));
  run.findings.reset();
  run.problem = "the job ended before it told anything";
  CHECK(probe_rows(run, false).size() == 1);
  CHECK(row(run, "probe job").state == "failed");
}

TEST_CASE("clocks, limits, programs") {
  auto run = good_run();
  run.findings->clock_ahead = -90 * second;
  CHECK(row(run, "clocks").state == "warning");
  CHECK(has(row(run, "clocks").detail, "n14 is 90.000 s behind"));
  run.findings->memlock_kb = 64;
  CHECK(row(run, "limits").state == "ok");
  run.findings->fabrics = {"mlx5_0"};
  CHECK(has(row(run, "limits").remedy, "mlx5_0 needs more locked memory"));
  run.findings->cpu_seconds = 600;
  CHECK(has(row(run, "limits").remedy, "ulimit -t"));
  run.findings->programs = {{"mpiexec", "", ""}};
  CHECK(row(run, "mpiexec").state == "warning");
}

TEST_CASE("scratch in RAM or shared is told, with a better place") {
  auto run = good_run();
  auto& places = run.findings->scratch;
  places = {{"/tmp", "", {"tmpfs", "ram", 500}, true},
            {"/scratch", "", {"xfs", "local", 9000}, true},
            {"/local", "", {"ext4", "local", 20000}, true},
            {"/var/tmp", "", {"nfs", "shared", 90000}, true}};
  CHECK(row(run, "scratch").state == "warning");
  CHECK(has(row(run, "scratch").detail, "tasks get /tmp (tmpfs: RAM, 500 MB free)"));
  CHECK(has(row(run, "scratch").remedy, "--local-directory /local"));
  places.insert(places.begin(), {"/fast", "$TMPDIR", {"xfs", "local", 10}, true});
  CHECK(row(run, "scratch").state == "ok");
  places.insert(places.begin(), {"/said", "--local-directory", {"xfs", "local", 10}, false});
  CHECK(row(run, "scratch").state == "failed");
  places.clear();
  CHECK(row(run, "scratch").state == "failed");
}

TEST_CASE("the login host: limits, logout, names") {
  LoginFacts facts;
  facts.host = "login2.cluster.edu";
  facts.on = {"nfs", "shared", 0};
  for (const auto& each : login_rows(facts)) CHECK(each.state == "ok");
  facts.cpu_seconds = 1800;
  facts.kills_at_logout = true;
  facts.alias = alias_of(facts.host);
  facts.alias_others = {"10.0.0.3"};
  facts.on = {"tmpfs", "ram", 0};
  for (const auto& each : login_rows(facts)) {
    INFO(each.name);
    CHECK(each.state == "warning");
    CHECK_FALSE(each.remedy.empty());
  }
  facts.lingers = true;
  CHECK(login_rows(facts)[1].state == "ok");
  facts.launcher_host = "login1";
  CHECK(has(login_rows(facts)[2].remedy, "ssh login1"));
}

TEST_CASE("the name that several login hosts share, and logind's word") {
  CHECK(alias_of("login2.cluster.edu") == "login.cluster.edu");
  CHECK(alias_of("esi-svhpc-12") == "esi-svhpc");
  CHECK(alias_of("login.cluster.edu").empty());
  CHECK(alias_of("12").empty());
  CHECK(kill_user_processes("[Login]\n#KillUserProcesses=yes\n KillUserProcesses=no\n") == false);
  CHECK(kill_user_processes("KillUserProcesses=no\nKillUserProcesses=yes\n") == true);
  CHECK_FALSE(kill_user_processes("#KillUserProcesses=yes\n"));
}

TEST_CASE("a report comes back from its document, and submit says what matters") {
  auto run = good_run();
  LoginFacts login;
  login.host = "login2";
  run.findings->scratch.insert(run.findings->scratch.begin(),
                               {"/ram", "$TMPDIR", {"tmpfs", "ram", 500}, true});
  const auto report = make_report("esi", "8GBL", login, run, "2026-11-21T08:02:09Z", false);
  CHECK(report.reached == std::vector<std::string>{"10.0.0.1"});
  CHECK_FALSE(any_failed(report));
  const auto back = parse_report(to_text(report));
  REQUIRE(back);
  CHECK(table_text(*back) == table_text(report));
  CHECK(back->better_scratch == "/tmp");
  CHECK_FALSE(parse_report("{}"));
  CHECK_FALSE(parse_report("{\"items\": 3}"));

  JobSpec spec;
  spec.adapter = "some";
  const auto notes = notes_from(*back, spec, "login2");
  REQUIRE(notes.size() == 1);
  CHECK(has(notes[0], "/ram on the nodes is RAM; --local-directory /tmp"));
  spec.local_directory = "/x";
  CHECK(notes_from(*back, spec, "login2").empty());
  auto cut = *back;
  cut.reached.clear();
  CHECK(has(notes_from(cut, spec, "login2").at(0), "reached no address of login2"));
  CHECK(notes_from(cut, spec, "login3").empty());

  auto nothing = make_report("esi", "", login, ProbeRun{}, "2026-11-22T08:02:09Z", false);
  keep_known(nothing, report);
  CHECK(nothing.reached == report.reached);
  CHECK(nothing.better_scratch == "/tmp");
  keep_known(cut, report);  // it was probed: what it found counts
  CHECK(cut.reached.empty());
}
