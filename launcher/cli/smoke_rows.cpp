// The rows of `smoke`.
// SPDX-License-Identifier: MIT
#include "launcher/cli/smoke_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "launcher/base/text.hpp"
#include "launcher/cli/smoke_checks.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {
namespace {

CheckView ok(std::string detail) { return {"", "ok", std::move(detail), {}}; }
CheckView failed(std::string detail) { return {"", "failed", std::move(detail), {}}; }
CheckView absent(std::string detail) { return {"", "not_installed", std::move(detail), {}}; }
CheckView not_tried(std::string detail) { return {"", "not_tried", std::move(detail), {}}; }

ProgramEnd run_on_worker(Smoke& smoke, std::vector<std::string> argv, std::uint32_t ranks) {
  WorkloadSpec spec;
  spec.verb = "smoke";
  spec.task.argv = std::move(argv);
  spec.task.directory = smoke.session.state().root;
  spec.task.sent = sent_environment(smoke.session.variables);
  spec.task.environment = smoke.environment;
  spec.task.ranks = ranks;
  spec.task.time_limit = smoke.time_limit;
  return run_quietly(smoke.session, smoke.client, spec, smoke.time_limit);
}

// Both streams; apart, as their pieces may be of half a line.
std::string all_of(const ProgramEnd& end) { return end.out + "\n" + end.err; }

std::string reason(const ProgramEnd& end) {
  const auto line = telling_line(all_of(end));
  if (!end.message.empty())
    return printable(end.message) + (line.empty() ? "" : fmt::format(" (it said: {})", line));
  return line.empty() ? fmt::format("exit code {}", end.code)
                      : fmt::format("exit code {}: {}", end.code, line);
}

// A script that looks for something, alone on a worker: nothing when it is there.
std::optional<CheckView> look(Smoke& smoke, const std::string& script, std::string& detail) {
  const auto present = run_on_worker(smoke, shell(script), 0);
  detail = last_line(present.out);
  if (present.code == not_installed) return absent(detail);
  if (present.code != 0) return failed(reason(present));
  return {};
}

using Judge = std::optional<std::string> (*)(const std::string& output, std::uint32_t ranks);

// It is there, and works split.
CheckView look_and_split(Smoke& smoke, const std::string& script, std::vector<std::string> argv,
                         Judge wrong) {
  std::string detail;
  if (const auto view = look(smoke, script, detail)) return *view;
  if (!smoke.mpiexec) return absent("no mpiexec to split it with");
  const auto end = run_on_worker(smoke, std::move(argv), smoke.ranks);
  if (end.code != 0) return failed(reason(end));
  if (const auto what = wrong(all_of(end), smoke.ranks)) return failed(*what);
  return ok(fmt::format("{} ranks; {}", smoke.ranks, detail));
}

// What the pools' site says, else the name that the task's PATH knows.
std::string mpiexec_of(const Status& status) {
  for (const auto& pool : status.pools)
    if (!pool.spec.mpi.mpiexec.empty()) return pool.spec.mpi.mpiexec;
  return "mpiexec";
}

CheckView try_mpiexec(Smoke& smoke) {
  std::string detail;
  auto view = look(smoke, find_mpiexec(mpiexec_of(smoke.status)), detail);
  smoke.mpiexec = !view;
  return view ? *view : ok(detail);
}

// What a run of the probe came to: its own failure, with what may be at fault.
std::optional<CheckView> broken(const ProgramEnd& end, const ProbeOutput& output) {
  if (end.code == 0) return {};
  const auto fault = at_fault(output);
  return failed(fault ? fmt::format("{} ({})", *fault, reason(end)) : reason(end));
}

CheckView try_hello(Smoke& smoke) {
  std::string detail;
  const auto program = smoke.session.state().root + "/mpi-probe";
  smoke.probe = look(smoke, build_probe(smoke.session.share() + "/probe", program), detail);
  if (!smoke.probe && !smoke.mpiexec) smoke.probe = absent("no mpiexec to split it with");
  if (smoke.probe) return *smoke.probe;
  smoke.hello = run_on_worker(smoke, {program, "hello"}, smoke.ranks);
  const auto output = read_probe(all_of(*smoke.hello));
  if (const auto view = broken(*smoke.hello, output)) return *view;
  if (const auto what = wrong_hello(output, smoke.ranks)) return failed(*what);
  const auto hosts = output.hosts();
  auto text = fmt::format("{} ranks on {} host{}, sum {}; {}", smoke.ranks, hosts,
                          hosts == 1 ? "" : "s", *output.sum, detail);
  if (const auto limit = low_memlock(output)) text += "; warning: " + *limit;
  return ok(text);
}

// For rows on what the probe's ranks said: why there is nothing to say.
std::optional<CheckView> without(const Smoke& smoke, const std::optional<ProgramEnd>& run) {
  if (smoke.probe)
    return smoke.probe->state == "failed" ? not_tried("the MPI probe could not be built")
                                          : *smoke.probe;
  if (!run || run->code != 0) return not_tried("MPI hello and allreduce failed");
  return {};
}

CheckView try_binding(Smoke& smoke) {
  if (const auto view = without(smoke, smoke.hello)) return *view;
  const auto output = read_probe(all_of(*smoke.hello));
  const auto what = wrong_binding(output);
  if (!what) return ok(show_binding(output));
  // Where slots share cores, so do ranks.
  const bool crowded = std::ranges::any_of(
      smoke.status.workers, [](const WorkerRow& row) { return row.slots > row.size.cores; });
  return crowded ? ok("as the slots share cores: " + show_binding(output)) : failed(*what);
}

void measure(Smoke& smoke) {
  if (!smoke.speed)
    smoke.speed =
        run_on_worker(smoke, {smoke.session.state().root + "/mpi-probe", "speed"}, smoke.ranks);
}

CheckView speed_of(Smoke& smoke, bool one_host, const std::string& not_there) {
  if (const auto view = without(smoke, smoke.hello)) return *view;
  const auto hosts = read_probe(all_of(*smoke.hello)).hosts();
  if (one_host ? smoke.ranks <= hosts : hosts < 2) return not_tried(not_there);
  measure(smoke);
  const auto output = read_probe(all_of(*smoke.speed));
  std::vector<PairSpeed> pairs;
  for (const auto& pair : output.pairs)
    if ((pair.from == pair.to) == one_host) pairs.push_back(pair);
  // What was measured before a failure counts.
  if (pairs.empty())
    if (const auto view = broken(*smoke.speed, output)) return *view;
  if (pairs.empty()) return failed("the probe measured nothing");
  auto view = ok(fmt::format("{}; {}", show_pairs(pairs), transport(output, one_host)));
  constexpr double shared_core_us = 100;
  if (one_host &&
      std::ranges::all_of(pairs, [](const auto& pair) { return pair.latency_us > shared_core_us; }))
    view.detail += "; slow: these ranks share a core, or others keep the host busy";
  if (smoke.speed->code != 0 && !one_host) view = *broken(*smoke.speed, output);
  view.pairs = std::move(pairs);
  return view;
}

CheckView try_within(Smoke& smoke) { return speed_of(smoke, true, "no host has two ranks"); }

CheckView try_between(Smoke& smoke) {
  std::map<std::string, std::uint32_t> slots;
  for (const auto& worker : smoke.status.workers)
    if (worker.state != "gone") slots[worker.host] += worker.slots;
  std::uint32_t most = 0;
  for (const auto& [host, count] : slots) most = std::max(most, count);
  return speed_of(smoke, false,
                  slots.size() < 2
                      ? std::string("the workers are on one host")
                      : fmt::format("all ranks are on one host; try -np {}", most + 1));
}

CheckView try_neuron(Smoke& smoke) {
  return look_and_split(smoke, find_neuron(), neuron_ranks(), missing_ranks);
}
CheckView try_nrniv(Smoke& smoke) {
  return look_and_split(smoke, find_nrniv(true), nrniv_hello(), missing_processes);
}
CheckView try_mpi4py(Smoke& smoke) {
  return look_and_split(smoke, find_mpi4py(), mpi4py_ranks(), missing_ranks);
}

// The most slots that one pool has.
std::uint32_t slots_of_pool(const Status& status) {
  std::map<std::string, std::uint32_t> slots;
  std::uint32_t most = 0;
  for (const auto& worker : status.workers)
    if (worker.state == "idle" || worker.state == "busy")
      most = std::max(most, slots[worker.pool] += worker.slots);
  return most;
}

std::string list_of(const std::vector<std::uint32_t>& sizes) {
  std::vector<std::string> words;
  for (const auto size : sizes) words.push_back(std::to_string(size));
  return join(words, ", ");
}

CheckView try_ring(Smoke& smoke) {
  std::string detail;
  if (const auto view = look(smoke, find_nrniv(false), detail)) return *view;
  if (!smoke.mpiexec) return absent("no mpiexec to split it with");
  const auto slots = slots_of_pool(smoke.status);
  std::vector<std::uint32_t> sizes;
  std::string first;
  for (const auto size : ring_sizes(slots)) {
    const auto end =
        run_on_worker(smoke, nrniv_ring(smoke.session.share() + "/examples/ring.py"), size);
    if (!end.begun && !sizes.empty()) break;
    if (end.code != 0) return failed(fmt::format("np {}: {}", size, reason(end)));
    const auto result = ring_result(all_of(end), size);
    if (!result)
      return failed(
          fmt::format("np {}: it is not {} ranks of one network: nrniv's MPI "
                      "(MPI_LIB_NRN_PATH) is another than mpiexec's",
                      size, size));
    if (sizes.empty()) first = *result;
    sizes.push_back(size);
    if (*result != first)
      return failed(fmt::format("np {} gives {}, np 1 gives {}", size, *result, first));
  }
  if (sizes.size() < 2) return not_tried("one slot is all there is: nothing to compare");
  return ok(fmt::format("{}, equal for np = {}", first, list_of(sizes)) +
            (slots < 4 ? fmt::format(" (4 do not fit in {} slots)", slots) : ""));
}

constexpr SmokeRow rows[] = {
    {"mpiexec", try_mpiexec},
    {"MPI hello and allreduce", try_hello},
    {"MPI binding", try_binding},
    {"MPI within a host", try_within},
    {"MPI between hosts", try_between},
    {"NEURON", try_neuron},
    {"nrniv and mpi4py", try_nrniv},
    {"NEURON ring", try_ring},
    {"mpi4py", try_mpi4py},
};

}  // namespace

std::span<const SmokeRow> smoke_rows() { return rows; }

}  // namespace pcluster
