// What a worker and a resident say to each other, one line of JSON each way.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/resident_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "launcher/base/text.hpp"
#include "launcher/model/expand.hpp"
#include "launcher/model/result.hpp"

namespace pcluster {
namespace {

using Json = nlohmann::ordered_json;
constexpr int deepest = 100;  // levels of an answer
constexpr std::size_t excerpt = 120;

Answer wrong(std::string why) { return {Answer::Kind::wrong, {}, {}, std::move(why)}; }

Answer done(const Json& said) {
  Answer answer{Answer::Kind::done, {}, {}, {}};
  const auto result = said.find("result");
  if (result == said.end() || result->is_null()) return answer;
  if (!result->is_object())
    return wrong(fmt::format("\"result\" is a JSON {}, not an object", result->type_name()));
  answer.columns = result->dump();
  if (answer.columns.size() <= max_columns) return answer;
  answer.message = fmt::format(
      "the result was not kept: {} bytes; at most {} fit, put more into a file of your own",
      answer.columns.size(), max_columns);
  answer.columns.clear();
  return answer;
}

// Most text needs no escapes.
void append_quoted(std::string& line, std::string_view text) {
  const bool plain = std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain) {
    line += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  line += '"';
  line += text;
  line += '"';
}

bool is_true(const Json& said, const char* key) {
  const auto value = said.find(key);
  return value != said.end() && value->is_boolean() && value->get<bool>();
}

}  // namespace

// Bytes that are no UTF-8 cannot stand in JSON: they become U+FFFD.
std::string trial_line(const TaskStart& start) {
  const AttemptId& attempt = start.attempt;
  const auto& columns = start.task->columns;
  const TrialText text(columns, start.trial, attempt.task.index);
  std::string line = "{\"task\":\"";
  line += to_string(attempt.task);
  line += "\",\"trial\":";
  append_quoted(line, text.whole());
  line += ",\"index\":";
  line += columns.empty() ? std::to_string(attempt.task.index)
                          : std::to_string(to_integer(text.index()).value_or(attempt.task.index));
  line += ",\"attempt\":";
  line += std::to_string(attempt.number);
  line += ",\"values\":{";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) line += ',';
    append_quoted(line, columns[i]);
    line += ':';
    append_quoted(line, text.values()[i]);
  }
  return line += "}}\n";
}

Answer read_answer(std::string_view line) {
  if (line == "{\"done\":true}") return {Answer::Kind::done, {}, {}, {}};
  bool deep = false;
  const auto not_deep = [&deep](int depth, Json::parse_event_t, Json&) {
    deep = deep || depth > deepest;
    return !deep;
  };
  const Json said = Json::parse(line, not_deep, false);
  if (deep) return wrong(fmt::format("it is nested more than {} levels deep", deepest));
  if (said.is_discarded()) return wrong("it is not JSON");
  if (!said.is_object()) return wrong(fmt::format("it is a JSON {}", said.type_name()));
  Answer answer;
  if (const auto why = said.find("failed"); why != said.end()) {
    if (!why->is_string()) return wrong("\"failed\" is no text that says why");
    answer = {Answer::Kind::failed, {}, {}, printable(why->get<std::string>())};
  } else if (is_true(said, "done")) {
    answer = done(said);
  } else if (is_true(said, "ready")) {
    answer.kind = Answer::Kind::ready;
    if (const auto ahead = said.find("ahead"); ahead != said.end() && ahead->is_number_unsigned())
      answer.ahead = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(ahead->get<std::uint64_t>(), most_ahead));
  } else {
    return wrong("it says neither \"ready\":true nor \"done\":true nor \"failed\"");
  }
  if (const auto task = said.find("task"); task != said.end() && task->is_string())
    answer.task = task->get<std::string>();
  if (const auto output = said.find("output"); output != said.end() && output->is_string())
    answer.output = output->get<std::string>();
  answer.last = is_true(said, "last");
  return answer;
}

std::string shortened(std::string_view line) {
  return printable(line.substr(0, excerpt)) + (line.size() > excerpt ? "..." : "");
}

}  // namespace pcluster
