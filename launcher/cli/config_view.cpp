// A row for each setting.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/config_view.hpp"

#include <fmt/format.h>

#include "launcher/base/text.hpp"
#include "launcher/cli/settings.hpp"
#include "launcher/cli/table.hpp"

namespace pcluster {
namespace {

struct Shown {
  SettingValue value;
  std::string text;
};

Shown text(const std::string& value, std::string_view none) {
  if (value.empty()) return {{}, std::string(none)};
  return {value, value};
}

Shown number(std::uint64_t value) { return {value, std::to_string(value)}; }

// What stands for a value that nobody says.
std::string_view left_open(const Submission& submission) {
  return submission.adapter->probe.empty() ? "none" : "the scheduler's default";
}

Shown memory(std::uint64_t mb, std::string_view none) {
  if (mb == 0) return {{}, std::string(none)};
  return {mb << 20, show_memory_mb(mb)};
}

Shown time(Micros value, std::string_view zero) {
  return {static_cast<double>(value) / second,
          value == 0 ? std::string(zero) : show_duration(value)};
}

Shown list(const std::vector<std::string>& value) {
  return {value, value.empty() ? "none" : join(value, "; ")};
}

Shown slots(const JobSpec& spec) {
  if (spec.slots > 0) return number(spec.slots);
  return {slots_of(spec), fmt::format("{} (one per core)", slots_of(spec))};
}

using S = const Submission&;

Shown via(S submission) {
  const auto& [word, why] = submission.via;
  if (word.empty()) return {{}, "not for this scheduler"};
  return {word, why.empty() ? word : fmt::format("{} ({})", word, why)};
}

struct Row {
  std::string_view key;
  Shown (*show)(S);
};

constexpr Row rows[] = {
    {"cluster", [](S s) { return text(s.session.cluster, ""); }},
    {"site", [](S s) { return text(s.plan.spec.site, ""); }},
    {"partition", [](S s) { return text(s.plan.spec.partition, left_open(s)); }},
    {"jobs", [](S s) { return number(s.plan.jobs); }},
    {"nodes", [](S s) { return number(s.plan.spec.nodes); }},
    {"cores", [](S s) { return number(s.plan.spec.per_node.cores); }},
    {"memory", [](S s) { return memory(s.plan.spec.per_node.memory_mb, left_open(s)); }},
    {"time", [](S s) { return time(s.plan.spec.time, left_open(s)); }},
    {"account", [](S s) { return text(s.plan.spec.account, left_open(s)); }},
    {"local_directory",
     [](S s) { return text(s.plan.spec.local_directory, "$TMPDIR, else /tmp, of the node"); }},
    {"num_engines", [](S s) { return slots(s.plan.spec); }},
    {"pool", [](S s) { return text(s.plan.pool, ""); }},
    {"timeout", [](S s) { return time(s.plan.timeout, "0s"); }},
    {"min_workers", [](S s) { return number(s.plan.min_workers); }},
    {"idle_timeout", [](S s) { return time(s.plan.idle_timeout, "never"); }},
    {"orphan_timeout", [](S s) { return time(s.plan.orphan_timeout, "never"); }},
    {"template", [](S s) { return text(s.template_name, ""); }},
    {"setup", [](S s) { return list(s.plan.spec.setup); }},
    {"prologue", [](S s) { return list(s.plan.spec.prologue); }},
    {"epilogue", [](S s) { return list(s.plan.spec.epilogue); }},
    {"directives", [](S s) { return list(s.plan.spec.directives); }},
    {"drop_directives", [](S s) { return list(s.plan.spec.drop_directives); }},
    {"slurm_via", via},
    {"time_min", [](S s) { return time(s.plan.spec.time_min, left_open(s)); }},
    {"warning", [](S s) { return time(s.plan.spec.warning, "none"); }},
    {"qos", [](S s) { return text(s.plan.spec.qos, left_open(s)); }},
    {"gpus", [](S s) { return number(s.plan.spec.per_node.gpus); }},
    {"ports", [](S s) { return text(show_ports(s.plan.spec.ports), "any"); }},
    {"interface", [](S s) { return list(s.plan.interface); }},
    {"worker_binary", [](S s) { return text(s.plan.spec.worker_binary, ""); }},
    {"exclude_nodes", [](S s) { return list(s.plan.spec.exclude_nodes); }},
};

// What the profile alone says, and no option of submit.
SettingView mpi_view(const Submission& submission) {
  const auto& mpi = submission.plan.spec.mpi;
  std::vector<std::string> said;
  if (!mpi.mpiexec.empty()) said.push_back("mpiexec: " + mpi.mpiexec);
  if (!mpi.kind.empty()) said.push_back("kind: " + mpi.kind);
  if (!mpi.arguments.empty()) said.push_back("arguments: " + join(mpi.arguments, " "));
  for (const auto& [name, value] : mpi.environment)
    said.push_back(fmt::format("environment: {}={}", name, value));
  if (!mpi.span_jobs) said.emplace_back("span_jobs: false");
  return {"mpi",
          "mpi",
          "",
          said,
          said.empty() ? "as mpiexec says" : join(said, "; "),
          submission.plan.origins.at("mpi")};
}

}  // namespace

std::vector<SettingView> setting_views(const Submission& submission) {
  std::vector<SettingView> views;
  for (const auto& setting : settings()) {
    SettingView view{std::string(setting.name),
                     std::string(setting.key),
                     variable_name(setting.name),
                     {},
                     {},
                     {}};
    for (const auto& row : rows) {
      if (row.key != setting.key) continue;
      auto shown = row.show(submission);
      view.value = std::move(shown.value);
      view.text = std::move(shown.text);
    }
    const auto origin = submission.plan.origins.find(setting.key);
    if (origin != submission.plan.origins.end()) view.from = origin->second;
    views.push_back(std::move(view));
  }
  views.push_back(mpi_view(submission));
  return views;
}

std::string settings_table(const std::vector<SettingView>& views, std::size_t width) {
  Table table{{{"setting"}, {"value"}, {"from"}}, {}};
  for (const auto& view : views) table.rows.push_back({view.name, view.text, view.from});
  return show(table, width);
}

}  // namespace pcluster
