// The JSON documents that scripts read: {"version":1,"kind":...,"items":[...]}; snake_case,
// seconds, bytes, UTC times.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "launcher/base/error.hpp"
#include "launcher/cli/smoke_probe.hpp"
#include "launcher/model/messages.hpp"

namespace pcluster {

struct LauncherInfo;
struct SettingView;
struct SiteProfile;
struct SiteRow;
struct SiteDifference;

// A task of a workload, as far as it has come.
struct TaskView {
  TaskId id;
  std::string trial;  // as $PCLUSTER_TRIAL
  TaskState state = TaskState::queued;
  std::string host;
  std::optional<WorkerId> worker;
  TaskResult result;                                        // settled ones
  std::vector<std::pair<std::string, std::string>> values;  // of the workload's columns
  bool ran = false;  // start, end and the rest of `result` mean something
};

std::string workers_document(const Status&);
std::string jobs_document(const Status&);
std::string pools_document(const Status&);
std::string workloads_document(const std::vector<WorkloadRow>&);
std::string launcher_document(const Status&, const LauncherInfo&);  // where it is

// Goes through tasks that are not held, always the same ones; what it makes of them goes out piece
// by piece.
using TaskWalk = std::function<void(const std::function<void(const TaskView&)>&)>;
using TextSink = std::function<void(std::string_view)>;
void tasks_document(const TaskWalk&, const TextSink&);
void tasks_csv(const TaskWalk&, const TextSink&);  // the same keys as columns

struct CheckView {                  // of `smoke`
  std::string name, state, detail;  // state: ok | failed | not_installed | not_tried
  std::vector<PairSpeed> pairs;     // what was measured
};
std::string checks_document(const std::vector<CheckView>&);

struct OutputView {  // of `logs`
  AttemptId attempt;
  std::string_view stream;  // "stdout"
  std::string text;
};
std::string logs_document(const std::vector<OutputView>&);

std::string settings_document(const std::vector<SettingView>&);
std::string configuration_document(const std::string& path, bool exists);

std::string sites_document(const std::vector<SiteProfile>&);
std::string site_document(const std::vector<SiteRow>&);
std::string site_check_document(const std::vector<SiteDifference>&);

std::string script_document(const std::string& script, const std::vector<std::string>& command);
std::string scaled_document(const Scaled&);
std::string explanation_document(const Explanation&);
std::string error_document(const Error&);

// One change of the cluster, of `events`.  Lists are one text, separated by commas.
struct EventView {
  std::uint64_t sequence = 0;
  Micros at_unix = 0;  // 0: not known
  std::string name;    // "task_done"
  std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>> fields;
};
std::string event_line(const EventView&);  // JSON Lines: one object, and its end of line

// The columns that a task wrote to $PCLUSTER_RESULT: name and value as text, in the order of names.
// Nothing when it is no JSON object.
std::vector<std::pair<std::string, std::string>> result_columns(std::string_view json);

}  // namespace pcluster
