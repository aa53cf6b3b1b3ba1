// The journal's records as events.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

using Fields = decltype(EventView::fields);

struct Named {
  std::string name;  // empty: no event
  Fields fields;
};

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::string tasks_of(const std::vector<AttemptId>& attempts) {
  std::string text;
  for (const auto& attempt : attempts) text += (text.empty() ? "" : ",") + to_string(attempt.task);
  return text;
}

Fields fields_of(const TaskResult& result, WorkerId worker) {
  Fields fields{{"task", to_string(result.attempt.task)},
                {"attempt", number(result.attempt.number)},
                {"worker", to_string(worker)},
                {"exit_code", std::int64_t{result.exit_code}}};
  if (result.signal != 0) fields.emplace_back("signal", std::int64_t{result.signal});
  if (!result.message.empty()) fields.emplace_back("reason", result.message);
  return fields;
}

Named named(const EpochBegan& r) { return {"launcher_started", {{"epoch", number(r.epoch)}}}; }
Named named(const PoolAsked& r) {
  return {"pool_asked", {{"pool", r.name}, {"jobs", number(r.jobs)}}};
}
Named named(const SubmitBegan& r) {
  return {"submit_began", {{"token", r.token}, {"jobs", number(r.count)}}};
}
Named named(const SubmitAnswered& r) {
  return {"submit_answered", {{"token", r.token}, {"job", join(r.job_ids, ",")}}};
}
Named named(const SubmitRefused& r) {
  return {"submit_refused", {{"token", r.token}, {"reason", r.message}}};
}
Named named(const SubmitCancelled& r) { return {"submit_cancelled", {{"token", r.token}}}; }
Named named(const JobEnded& r) {
  return {"job_ended", {{"job", r.job_id}, {"state", r.word}, {"reason", r.reason}}};
}
Named named(const WorkerJoined& r) {
  return {"worker_joined",
          {{"worker", to_string(r.worker)},
           {"host", r.host},
           {"job", r.job_id},
           {"slots", number(r.slots)}}};
}
Named named(const WorkerGone& r) {
  return {"worker_gone", {{"worker", to_string(r.worker)}, {"reason", r.reason}}};
}
Named named(const WorkloadAdded& r) {
  return {"workload_added",
          {{"workload", to_string(r.workload)},
           {"verb", r.spec.verb},
           {"tasks", number(task_count(r.spec.trials))},
           {"command", shell_join(r.spec.task.argv)}}};
}
Named named(const TasksAssigned& r) {
  const auto first = to_string(TaskId{r.workload, r.first});
  const auto last = to_string(TaskId{r.workload, r.first + std::max(r.count, 1u) - 1});
  Named event{"tasks_assigned",
              {{"task", r.count == 1 ? first : first + "-" + last},
               {"tasks", number(r.count)},
               {"attempt", number(r.number)},
               {"worker", to_string(r.worker)}}};
  std::string gang;
  for (const auto& share : r.gang) gang += (gang.empty() ? "" : ",") + to_string(share.worker);
  if (!gang.empty()) event.fields.emplace_back("gang", gang);
  return event;
}
Named named(const TasksReturned& r) {
  return {"tasks_returned", {{"task", tasks_of(r.attempts)}, {"tasks", number(r.attempts.size())}}};
}
Named named(const TaskSettled& r) {
  const auto state = r.result.state;
  const auto* name = state == TaskState::done        ? "task_done"
                     : state == TaskState::cancelled ? "task_cancelled"
                     : state == TaskState::lost      ? "task_lost"
                                                     : "task_failed";
  return {name, fields_of(r.result, r.worker)};
}
Named named(const TaskFailedOnce& r) {
  const bool lost = r.result.state == TaskState::lost;
  return {lost ? "task_lost_once" : "task_failed_once", fields_of(r.result, r.worker)};
}
Named named(const WorkloadCancelled& r) {
  if (r.only.empty())
    return {"workload_cancelled",
            {{"workload", to_string(r.workload)},
             {"reason", r.by_failures ? "too many of its tasks failed" : ""}}};
  std::vector<AttemptId> tasks;
  for (const auto index : r.only) tasks.push_back({{r.workload, index}});
  return {"tasks_cancelled", {{"task", tasks_of(tasks)}, {"tasks", number(tasks.size())}}};
}
Named named(const StopAsked&) { return {"stop_asked", {}}; }
Named named(const TaskLost& r) {
  return {"task_lost",
          {{"task", to_string(r.attempt.task)},
           {"attempt", number(r.attempt.number)},
           {"worker", to_string(r.worker)},
           {"reason", r.reason.empty() ? "its worker was lost too often" : r.reason}}};
}
Named named(const ClockRead&) { return {}; }
Named named(const NodeExcluded& r) {
  return {"node_excluded", {{"host", r.host}, {"reason", r.reason}}};
}

// Times that the launcher read itself.
Micros launcher_time(const Record& record) {
  if (const auto* clock = std::get_if<ClockRead>(&record)) return clock->at_unix;
  if (const auto* began = std::get_if<SubmitBegan>(&record)) return began->at_unix;
  if (const auto* joined = std::get_if<WorkerJoined>(&record)) return joined->at_unix;
  if (const auto* added = std::get_if<WorkloadAdded>(&record)) return added->at_unix;
  return 0;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Midnight of a date, UTC; nothing when there is no such day.
std::optional<Micros> midnight(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return {};
  return std::chrono::sys_days(date).time_since_epoch().count() * 86'400 * second;
}

}  // namespace

Micros EventMaker::time_of(const Record& record) {
  last_ = std::max(last_, launcher_time(record));
  if (const auto* settled = std::get_if<TaskSettled>(&record))
    if (settled->result.end_unix > 0) return settled->result.end_unix;
  if (const auto* failed = std::get_if<TaskFailedOnce>(&record))
    if (failed->result.end_unix > 0) return failed->result.end_unix;
  return last_;
}

std::optional<EventView> EventMaker::take(std::uint64_t sequence, const Record& record) {
  const auto at = time_of(record);
  if (const auto* pool = std::get_if<PoolAsked>(&record)) pools_[pool->pool] = pool->name;
  auto [name, fields] = std::visit([](const auto& one) { return named(one); }, record);
  if (name.empty()) return {};
  if (const auto* began = std::get_if<SubmitBegan>(&record))
    fields.emplace_back("pool", pools_[began->pool]);
  if (const auto* excluded = std::get_if<NodeExcluded>(&record))
    fields.emplace_back("pool", pools_[excluded->pool]);
  return EventView{sequence, at, std::move(name), std::move(fields)};
}

std::string event_text(const EventView& event) {
  auto time = event.at_unix == 0 ? std::string("-") : show_utc(event.at_unix);
  if (event.at_unix != 0) {
    time.pop_back();
    time += fmt::format(".{:03}Z", event.at_unix / millisecond % 1000);
  }
  auto text = fmt::format("{:<24}  {:<18}", time, event.name);
  for (const auto& [name, value] : event.fields) {
    const auto* words = std::get_if<std::string>(&value);
    if (words != nullptr && words->empty()) continue;
    text += fmt::format(
        "  {}={}", name,
        words != nullptr ? printable(*words) : std::to_string(std::get<std::int64_t>(value)));
  }
  while (text.back() == ' ') text.pop_back();
  return text + "\n";
}

Since parse_since(const std::string& text, Micros now_unix) {
  if (all_digits(text))
    if (const auto sequence = to_integer(text)) return {static_cast<std::uint64_t>(*sequence), 0};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, seconds = 0, end = 0;
  const auto size = static_cast<int>(text.size());
  const auto fits = [&](int fields, const char* form) {
    end = 0;
    const int got =
        std::sscanf(text.c_str(), form, &year, &month, &day, &hour, &minute, &seconds, &end);
    return got == fields;
  };
  const bool whole = fits(6, "%4d-%2d-%2dT%2d:%2d:%2d%n") &&
                     (end == size || (end + 1 == size && text.back() == 'Z'));
  const bool date = !whole && text.size() == 10 && fits(3, "%4d-%2d-%2d");
  if (const auto begun = whole || date ? midnight(year, month, day) : std::nullopt) {
    if (date) hour = minute = seconds = 0;
    return {0, *begun + ((hour * 60 + minute) * 60 + seconds) * second};
  }
  try {
    return {0, std::max<Micros>(1, now_unix - parse_duration(text))};
  } catch (const Error&) {
    throw Error(Exit::usage, fmt::format("--since \"{}\" is no time", printable(text)),
                "write the number of an event, 10m (ago), or a UTC time: 2026-11-21T08:02:09Z");
  }
}

}  // namespace pcluster
