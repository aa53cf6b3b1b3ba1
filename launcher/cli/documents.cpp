// JSON out; with documents_*.cpp the only files here that know the JSON library.  Pure: no clock,
// no I/O. SPDX-License-Identifier: MIT
#include "launcher/cli/documents.hpp"

#include <fmt/format.h>

#include "launcher/base/text.hpp"
#include "launcher/cli/config_view.hpp"
#include "launcher/cli/json_values.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {
namespace {

// One item a line: a document of a million tasks is never held twice, and `grep` works on it.
template <class List, class Each>
std::string document(std::string_view kind, const List& list, Each each) {
  std::string text = fmt::format("{{\"version\":1,\"kind\":\"{}\",\"items\":[", kind);
  bool first = true;
  for (const auto& element : list) {
    text += first ? "\n" : ",\n";
    text += text_of(each(element));
    first = false;
  }
  return text + (first ? "]}\n" : "\n]}\n");
}

std::uint64_t bytes_of_mb(std::uint64_t mb) { return mb << 20; }

Json worker_item(const WorkerRow& row) {
  return {{"id", to_string(row.worker)},
          {"host", row.host},
          {"job", row.job_id},
          {"pool", row.pool},
          {"state", row.state},
          {"slots", row.slots},
          {"busy", row.busy},
          {"cores", row.size.cores},
          {"memory", bytes_of_mb(row.size.memory_mb)},
          {"gpus", row.size.gpus},
          {"confined", row.confined},
          {"route", row.route},
          {"tasks_done", row.tasks_done},
          {"joined", utc(row.joined_unix)},
          {"script_started", utc(row.script_started_unix)},
          {"ends", utc(row.ends_unix)},
          {"leaving", row.leaving.empty() ? Json() : Json(row.leaving)}};
}

Json job_item(const JobRow& row) {
  std::vector<std::string> workers;
  if (!row.workers.empty()) workers = split(row.workers, ',');
  return {{"id", row.job_id},         {"token", row.token},
          {"pool", row.pool},         {"state", std::string(to_string(row.state))},
          {"reason", row.reason},     {"workers", workers},
          {"end", utc(row.end_unix)}, {"log", row.log}};
}

Json pool_item(const PoolRow& row) {
  return {{"id", row.pool},
          {"jobs_wanted", row.wanted_jobs},
          {"workers_wanted", row.wanted_workers},
          {"workers", row.workers},
          {"nodes", row.spec.nodes},
          {"cores", row.spec.per_node.cores},
          {"memory", bytes_of_mb(row.spec.per_node.memory_mb)},
          {"site", row.spec.site},
          {"partition", row.spec.partition},
          {"automatic", row.automatic},
          {"min_jobs", row.least},
          {"max_jobs", row.most},
          {"paused", row.paused},
          {"excluded_nodes", row.excluded}};
}

Json workload_item(const WorkloadRow& row) {
  const auto& progress = row.progress;
  return {{"id", to_string(progress.workload)},
          {"verb", row.verb},
          {"command", row.command},
          {"tasks", progress.tasks},
          {"queued", progress.queued},
          {"running", progress.running},
          {"done", progress.done},
          {"failed", progress.failed},
          {"cancelled", progress.cancelled},
          {"finished", progress.finished},
          {"added", utc(row.added_unix)},
          {"tag", row.tag.empty() ? Json() : Json(row.tag)}};
}

}  // namespace

std::string workers_document(const Status& status) {
  return document("workers", status.workers, worker_item);
}
std::string jobs_document(const Status& status) { return document("jobs", status.jobs, job_item); }
std::string pools_document(const Status& status) {
  return document("pools", status.pools, pool_item);
}
std::string workloads_document(const std::vector<WorkloadRow>& rows) {
  return document("workloads", rows, workload_item);
}
std::string launcher_document(const Status& status, const LauncherInfo& info) {
  const Json item = {{"cluster", status.cluster}, {"host", status.host},
                     {"pid", status.pid},         {"version", status.version},
                     {"epoch", status.epoch},     {"addresses", info.addresses},
                     {"port", info.port}};
  return document("launcher", std::vector<Json>{item}, [](const Json& each) { return each; });
}
std::string checks_document(const std::vector<CheckView>& checks) {
  return document("checks", checks, [](const CheckView& check) {
    auto pairs = Json::array();
    for (const auto& pair : check.pairs)
      pairs.push_back({{"from", pair.from},
                       {"to", pair.to},
                       {"latency_us", pair.latency_us},
                       {"mb_per_second", pair.mb_per_second}});
    return Json{{"name", check.name},
                {"state", check.state},
                {"detail", check.detail},
                {"pairs", std::move(pairs)}};
  });
}

std::string logs_document(const std::vector<OutputView>& pieces) {
  return document("logs", pieces, [](const OutputView& piece) {
    return Json{{"id", to_string(piece.attempt.task)},
                {"attempt", piece.attempt.number},
                {"stream", std::string(piece.stream)},
                {"text", piece.text}};
  });
}

std::string settings_document(const std::vector<SettingView>& views) {
  return document("settings", views, [](const SettingView& view) {
    const auto value = std::visit(
        [](const auto& each) -> Json {
          if constexpr (std::is_same_v<std::decay_t<decltype(each)>, std::monostate>)
            return Json();
          else
            return Json(each);
        },
        view.value);
    return Json{{"name", view.name}, {"key", view.key},   {"variable", view.variable},
                {"value", value},    {"from", view.from}, {"text", view.text}};
  });
}

std::string configuration_document(const std::string& path, bool exists) {
  const Json item = {{"path", path}, {"exists", exists}};
  return document("configurations", std::vector<Json>{item}, [](const Json& each) { return each; });
}

std::string script_document(const std::string& script, const std::vector<std::string>& command) {
  const Json item = {{"script", script}, {"command", command}};
  return document("scripts", std::vector<Json>{item}, [](const Json& each) { return each; });
}

std::string scaled_document(const Scaled& scaled) {
  const Json item = {{"pool", scaled.pool},         {"jobs", scaled.jobs},
                     {"new_jobs", scaled.new_jobs}, {"cancelled", scaled.cancelled},
                     {"ending", scaled.ending},     {"draining", scaled.draining}};
  return document("scaled", std::vector<Json>{item}, [](const Json& each) { return each; });
}

std::string explanation_document(const Explanation& explanation) {
  return document("explanation", explanation.items, [](const auto& item) {
    return Json{{"what", item.first}, {"text", item.second}};
  });
}

std::string event_line(const EventView& event) {
  Json item = {
      {"version", 1}, {"seq", event.sequence}, {"time", utc(event.at_unix)}, {"event", event.name}};
  for (const auto& [name, value] : event.fields)
    std::visit([&](const auto& one) { item[name] = one; }, value);
  return text_of(item) + "\n";
}

std::string error_document(const Error& error) {
  const Json body = {
      {"code", static_cast<int>(error.code())}, {"message", error.what()}, {"hint", error.hint()}};
  return text_of(Json{{"error", body}}) + "\n";
}

}  // namespace pcluster
