// The documents of `results`: a million tasks go through, and never stand in memory.  Pure: no
// clock, no I/O. SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <unordered_map>

#include "launcher/cli/csv.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/json_values.hpp"

namespace pcluster {
namespace {

double seconds(Micros time) { return static_cast<double>(time) / second; }

Json columns_of(const std::string& text) {
  if (text.empty()) return Json::object();
  auto columns = Json::parse(text, nullptr, false);
  return columns.is_object() ? columns : Json::object();
}

Json task_item(const TaskView& task) {
  const auto& result = task.result;
  const bool exited = task.ran && result.signal == 0;
  Json item = {{"id", to_string(task.id)},
               {"trial", task.trial},
               {"state", std::string(to_string(task.state))},
               {"exit_code", exited ? Json(result.exit_code) : Json()},
               {"signal", task.ran && result.signal != 0 ? Json(result.signal) : Json()},
               {"host", task.host.empty() ? Json() : Json(task.host)},
               {"worker", task.worker ? Json(to_string(*task.worker)) : Json()},
               {"start", utc(result.start_unix)},
               {"end", utc(result.end_unix)},
               {"cpu_s", task.ran ? Json(seconds(result.cpu)) : Json()},
               {"max_rss", task.ran ? Json(result.max_rss_kb << 10) : Json()},
               {"attempt", result.attempt.number}};
  for (const auto& [name, value] : task.values)
    if (name != "trial") item[item.contains(name) ? "trial_" + name : name] = value;
  if (!result.message.empty()) item["message"] = result.message;
  if (result.cause == Cause::out_of_memory) item["cause"] = "out_of_memory";
  if (result.memory_limit_kb > 0) item["memory_limit"] = result.memory_limit_kb << 10;
  const auto columns = columns_of(result.columns);
  for (const auto& [name, value] : columns.items()) {
    // A column of the task's own that has one of our names keeps ours readable.
    item[item.contains(name) ? "result_" + name : name] = value;
  }
  return item;
}

// It has the keys that all tasks of its workload have, and no others.
bool plain(const TaskView& task) {
  const auto& result = task.result;
  return result.message.empty() && result.columns.empty() && result.cause == Cause::none &&
         result.memory_limit_kb == 0;
}

}  // namespace

void tasks_document(const TaskWalk& walk, const TextSink& write) {
  const char* before = "\n";
  write("{\"version\":1,\"kind\":\"tasks\",\"items\":[");
  walk([&](const TaskView& task) {
    write(before + text_of(task_item(task)));
    before = ",\n";
  });
  write(*before == ',' ? "\n]}\n" : "]}\n");
}

void tasks_csv(const TaskWalk& walk, const TextSink& write) {
  std::vector<std::string> header;
  std::unordered_map<std::string, std::size_t> places;
  const auto learn = [&](const Json& item) {
    for (const auto& [name, value] : item.items())
      if (places.emplace(name, header.size()).second) header.push_back(name);
  };
  learn(task_item({}));  // ours first, and always
  bool first = true;
  walk([&](const TaskView& task) {
    if (std::exchange(first, false) || !plain(task)) learn(task_item(task));
  });
  write(csv_line(header));
  walk([&](const TaskView& task) {
    std::vector<std::string> cells(header.size());
    const auto item = task_item(task);
    for (const auto& [name, value] : item.items())
      if (const auto place = places.find(name); place != places.end() && !value.is_null())
        cells[place->second] = value.is_string() ? value.get<std::string>() : text_of(value);
    write(csv_line(cells));
  });
}

std::vector<std::pair<std::string, std::string>> result_columns(std::string_view json) {
  std::vector<std::pair<std::string, std::string>> columns;
  if (json.empty()) return columns;
  const auto object = columns_of(std::string(json));
  for (const auto& [name, value] : object.items())
    columns.emplace_back(name, value.is_string() ? value.get<std::string>() : text_of(value));
  return columns;
}

}  // namespace pcluster
