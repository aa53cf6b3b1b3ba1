// Rows of doctor on the node alone.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/doctor_node_rows.hpp"

#include <fmt/format.h>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr std::uint64_t few_files = 1024, little_memlock_kb = 1024 * 1024;

std::string show_place(const ScratchPlace& place) {
  auto text = fmt::format("{} ({}", place.path, place.on.name);
  if (place.on.kind == "ram")
    text += ": RAM";
  else if (place.on.kind == "shared")
    text += ": shared";
  if (!place.writable) return text + ", not writable)";
  return text + fmt::format(", {} free)", show_memory_mb(place.on.free_mb));
}

bool good(const ScratchPlace& place) { return place.writable && place.on.kind == "local"; }

DoctorRow scratch_row(const Findings& found) {
  const auto [used, better] = choose_scratch(found.scratch);
  std::vector<std::string> all;
  for (const auto& place : found.scratch) all.push_back(show_place(place));
  DoctorRow row{"scratch", "ok", "", {}};
  if (used == nullptr)
    return {"scratch", "failed", "no directory there is writable: " + join(all, ", "),
            "name one that every node has: --local-directory"};
  row.detail = "tasks get " + show_place(*used);
  if (all.size() > 1) row.detail += "; there are " + join(all, ", ");
  if (!used->writable) {
    row.state = "failed";
    row.remedy = fmt::format("{} cannot be written there: name another --local-directory",
                             used->origin.empty() ? used->path : used->origin);
  } else if (!good(*used)) {
    row.state = "warning";
    row.remedy = used->on.kind == "ram" ? "what tasks write there takes memory of the job"
                                        : "what tasks write there goes over the network";
  }
  if (better != nullptr && row.state != "ok")
    row.remedy += fmt::format("; better: --local-directory {}", better->path);
  return row;
}

std::string limit_text(const std::optional<std::uint64_t>& limit, const char* unit) {
  return limit ? fmt::format("{}{}", *limit, unit) : "unlimited";
}

DoctorRow limits_row(const Findings& found) {
  DoctorRow row{"limits",
                "ok",
                fmt::format("locked memory {}, open files {}, CPU time {}",
                            limit_text(found.memlock_kb, " kB"), limit_text(found.open_files, ""),
                            limit_text(found.cpu_seconds, " s")),
                {}};
  std::vector<std::string> remedies;
  if (found.memlock_kb && *found.memlock_kb < little_memlock_kb && !found.fabrics.empty())
    remedies.push_back(
        fmt::format("{} needs more locked memory: ask the site for `ulimit -l "
                    "unlimited` in jobs",
                    found.fabrics.front()));
  if (found.open_files && *found.open_files < few_files)
    remedies.push_back("a worker of many slots needs more open files: --setup \"ulimit -n 4096\"");
  if (found.cpu_seconds)
    remedies.push_back("tasks are killed after that CPU time: --setup \"ulimit -t unlimited\"");
  if (!remedies.empty()) row.state = "warning";
  row.remedy = join(remedies, "; ");
  return row;
}

DoctorRow program_row(const ProgramFound& program) {
  if (!program.path.empty())
    return {program.name, "ok", fmt::format("{}, {}", program.version, program.path), {}};
  return {program.name, "warning", "not on the job's PATH",
          program.name == "mpicc"
              ? "only needed to build: --setup \"module load ...\" brings it"
              : "programs of several ranks need it: --setup \"module load ...\", or mpi: "
                "{mpiexec: ...} of the site"};
}

DoctorRow size_row(const Findings& found) {
  return {"job size",
          "ok",
          fmt::format("{} core{}{}, {}", found.cores, found.cores == 1 ? "" : "s",
                      found.confined ? " of its own" : ", not bound to them",
                      show_memory_mb(found.memory_mb)),
          {}};
}

DoctorRow submit_row(const Findings& found) {
  return {"queue from the node",
          "ok",
          found.ask_error.empty() ? "the scheduler answers there: tasks may submit jobs"
                                  : "no (" + found.ask_error + "); pcluster does not need it",
          {}};
}

}  // namespace

ScratchChoice choose_scratch(const std::vector<ScratchPlace>& places) {
  ScratchChoice choice;
  for (const std::string origin : {"--local-directory", "$TMPDIR"})
    for (const auto& place : places)
      if (choice.used == nullptr && place.origin == origin &&
          (place.writable || origin == "--local-directory"))
        choice.used = &place;
  for (const auto& place : places)
    if (choice.used == nullptr && place.path == "/tmp" && place.writable) choice.used = &place;
  if (choice.used != nullptr && good(*choice.used)) return choice;
  for (const auto& place : places)
    if (good(place) && (choice.better == nullptr || place.on.free_mb > choice.better->on.free_mb))
      choice.better = &place;
  return choice;
}

std::vector<DoctorRow> node_rows(const Findings& found, bool same_host) {
  std::vector<DoctorRow> rows{size_row(found), limits_row(found), scratch_row(found)};
  for (const auto& program : found.programs) rows.push_back(program_row(program));
  if (!same_host) rows.push_back(submit_row(found));
  return rows;
}

}  // namespace pcluster
