// The JSON that scripts rely on, and the views behind it.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "launcher/cli/documents.hpp"
#include "launcher/cli/task_views.hpp"
#include "launcher/cli/words.hpp"
#include "launcher/cli/workload.hpp"
#include "launcher/io/state.hpp"

using namespace pcluster;
using Json = nlohmann::json;

namespace {

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

WorkloadOnDisk disk() {
  WorkloadOnDisk all;
  all.spec.trials = TrialRange{10, 40, 10};
  ResultRow good;
  good.host = "node1", good.worker = WorkerId{3};
  auto& result = good.result;
  result.attempt = {{WorkloadId{7}, 0}, 2, 1};
  result.start_unix = 1'763'712'129'250'000, result.end_unix = result.start_unix + second / 2;
  result.cpu = 400 * millisecond, result.max_rss_kb = 2048;
  result.columns = R"({"rate": 12.5, "name": "x", "state": "mine"})";
  ResultRow killed = good;
  killed.result.attempt.task.index = 1;
  killed.result.state = TaskState::failed;
  killed.result.exit_code = -1, killed.result.signal = 9;
  killed.result.message = "ran longer than --time";
  killed.result.columns = "no json";
  all.rows = {{0, good}, {1, killed}};
  return all;
}

std::vector<TaskView> views() {
  RunningTasks running;
  running.attempts = {{{WorkloadId{7}, 2}, 1, 1}, {{WorkloadId{8}, 3}, 1, 1}};
  running.workers = {WorkerId{5}, WorkerId{5}};
  return task_views(WorkloadId{7}, disk(), disk().spec.trials, running, TaskState::queued);
}

// What one of the documents makes of tasks.
using Writer = void (*)(const TaskWalk&, const TextSink&);
std::string written(Writer document, const std::vector<TaskView>& tasks) {
  std::string text;
  document([&](const auto& each) { std::ranges::for_each(tasks, each); },
           [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace

TEST_CASE("results: the keys of the contract, and the task's own columns") {
  const auto document = Json::parse(written(tasks_document, views()));
  CHECK(document["version"] == 1);
  CHECK(document["kind"] == "tasks");
  REQUIRE(document["items"].size() == 4);
  const auto& done = document["items"][0];
  CHECK(done["id"] == "7.0");
  CHECK(done["trial"] == "10");
  CHECK(done["state"] == "done");
  CHECK(done["exit_code"] == 0);
  CHECK(done["signal"].is_null());
  CHECK(done["host"] == "node1");
  CHECK(done["worker"] == "w3");
  CHECK(done["start"] == "2025-11-21T08:02:09.250000Z");
  CHECK(done["end"] == "2025-11-21T08:02:09.750000Z");
  CHECK(done["cpu_s"] == doctest::Approx(0.4));
  CHECK(done["max_rss"] == 2048 * 1024);
  CHECK(done["attempt"] == 2);
  CHECK(done["rate"] == 12.5);
  CHECK(done["result_state"] == "mine");  // never instead of ours
  CHECK_FALSE(done.contains("message"));
}

TEST_CASE("results: signals, running and queued tasks") {
  const auto items = Json::parse(written(tasks_document, views()))["items"];
  CHECK(items[1]["state"] == "failed");
  CHECK(items[1]["exit_code"].is_null());
  CHECK(items[1]["signal"] == 9);
  CHECK(items[1]["message"] == "ran longer than --time");
  CHECK(items[2]["state"] == "running");
  CHECK(items[2]["worker"] == "w5");
  CHECK(items[3]["state"] == "queued");
  CHECK(items[3]["start"].is_null());
  CHECK(items[3]["cpu_s"].is_null());
  CHECK(keys(items[3]) == std::vector<std::string>{"attempt", "cpu_s", "end", "exit_code", "host",
                                                   "id", "max_rss", "signal", "start", "state",
                                                   "trial", "worker"});
}

TEST_CASE("results of a table: its columns in JSON, CSV and the table for people") {
  auto all = disk();
  all.spec.task.columns = {"alpha", "host", "rate"};
  all.spec.trials = TrialLines{"0.5\ta, b\tx", "1\tc\ty"};
  const auto tasks = task_views(WorkloadId{7}, all, all.spec.trials, {}, TaskState::queued);
  const auto item = Json::parse(written(tasks_document, tasks))["items"][0];
  CHECK(item["trial"] == "0");  // a table has no one value
  CHECK(item["alpha"] == "0.5");
  CHECK(item["host"] == "node1");
  CHECK(item["trial_host"] == "a, b");
  CHECK(item["rate"] == "x");
  CHECK(item["result_rate"] == 12.5);
  const auto text = written(tasks_table, tasks);
  CHECK(text.starts_with("task  alpha  host  rate  state"));
  CHECK(text.find("a, b") != std::string::npos);
  CHECK(written(tasks_csv, tasks) ==
        "id,trial,state,exit_code,signal,host,worker,start,end,cpu_s,max_rss,attempt,alpha,"
        "trial_host,rate,result_rate,name,result_state,message\r\n"
        "7.0,0,done,0,,node1,w3,2025-11-21T08:02:09.250000Z,2025-11-21T08:02:09.750000Z,0.4,"
        "2097152,2,0.5,\"a, b\",x,12.5,x,mine,\r\n"
        "7.1,1,failed,,9,node1,w3,2025-11-21T08:02:09.250000Z,2025-11-21T08:02:09.750000Z,0.4,"
        "2097152,2,1,c,y,,,,ran longer than --time\r\n");
  CHECK(written(tasks_csv, {}) ==
        "id,trial,state,exit_code,signal,host,worker,start,end,cpu_s,max_rss,attempt\r\n");
}

TEST_CASE("results for people: own columns behind ours, messages last") {
  const auto text = written(tasks_table, views());
  CHECK(text.find("rate") != std::string::npos);
  CHECK(text.find("12.5") != std::string::npos);
  CHECK(text.find("SIGKILL") != std::string::npos);
  CHECK(text.find("ran longer than --time") != std::string::npos);
  CHECK(text.find("0.5s") != std::string::npos);
}

TEST_CASE("counts from the table on disk") {
  auto progress = progress_of(WorkloadId{7}, 4, {1, 1, 0}, TaskState::queued);
  CHECK(progress.tasks == 4);
  CHECK(progress.done == 1);
  CHECK(progress.failed == 1);
  CHECK(progress.queued == 2);
  CHECK_FALSE(progress.finished);
  progress = progress_of(WorkloadId{7}, 4, {1, 1, 0}, TaskState::cancelled);  // it was stopped
  CHECK(progress.cancelled == 2);
  CHECK(progress.finished);
}

TEST_CASE("status: workers, jobs, workloads") {
  Status status;
  WorkerRow row;
  row.worker = WorkerId{3}, row.host = "n1", row.job_id = "12_3", row.pool = "default";
  row.state = "idle", row.slots = 2, row.size = {2, 1024, 0};
  row.joined_unix = 1'763'712'129'000'001;
  status.workers = {row};
  status.jobs = {{"tok", "12_3", "default", JobState::running, "", "w3,w4", 0, "/x.out"}};
  status.workloads = {{Progress{WorkloadId{7}, 5}, "map", "true", 0}};
  const auto worker = Json::parse(workers_document(status))["items"][0];
  CHECK(worker["id"] == "w3");
  CHECK(worker["memory"] == 1024u << 20);
  CHECK(worker["joined"] == "2025-11-21T08:02:09.000001Z");
  CHECK(worker["script_started"].is_null());
  const auto job = Json::parse(jobs_document(status))["items"][0];
  CHECK(job["workers"] == Json::array({"w3", "w4"}));
  CHECK(job["state"] == "running");
  CHECK(Json::parse(workloads_document(status.workloads))["items"][0]["id"] == "7");
  CHECK(Json::parse(workloads_document(status.workloads))["items"][0]["tag"].is_null());
  status.workloads[0].tag = "night";
  CHECK(Json::parse(workloads_document(status.workloads))["items"][0]["tag"] == "night");
  CHECK(Json::parse(workers_document(Status{}))["items"].empty());
}

TEST_CASE("errors as JSON, and bytes that are no text") {
  const auto error =
      Json::parse(error_document(Error(Exit::refused, "no\xff", "do this")))["error"];
  CHECK(error["code"] == 3);
  CHECK(error["hint"] == "do this");
  CHECK(error["message"] == "no\xef\xbf\xbd");
  CHECK(Json::parse(logs_document({{{}, "stdout", "a\x01"}}))["items"][0]["text"] == "a\x01");
}

TEST_CASE("columns of $PCLUSTER_RESULT") {
  using Columns = std::vector<std::pair<std::string, std::string>>;
  CHECK(result_columns(R"({"b": 1, "a": "x", "c": [1, 2]})") ==
        Columns{{"b", "1"}, {"a", "x"}, {"c", "[1,2]"}});
  CHECK(result_columns("").empty());
  CHECK(result_columns("[1]").empty());
  CHECK(result_columns("{broken").empty());
}

TEST_CASE("status launcher: where workers and clients find it") {
  Status status;
  status.cluster = "night", status.host = "login1", status.pid = 7, status.epoch = 2;
  LauncherInfo info;
  info.addresses = {"10.1.2.3", "127.0.0.1"}, info.port = 42673;
  const auto document = Json::parse(launcher_document(status, info));
  CHECK(document["kind"] == "launcher");
  REQUIRE(document["items"].size() == 1);
  const auto& item = document["items"][0];
  CHECK(item["cluster"] == "night");
  CHECK(item["host"] == "login1");
  CHECK(item["addresses"] == std::vector<std::string>{"10.1.2.3", "127.0.0.1"});
  CHECK(item["port"] == 42673);
  CHECK(item["epoch"] == 2);
}

TEST_CASE("a task's environment: the shell's paths, and what --env says") {
  const Variables shell{{"PATH", "/bin"}, {"CONDA_PREFIX", "/c"}, {"HOME", "/h"}, {"SEED", "1"}};
  CHECK(sent_environment(shell) == Environment{{"CONDA_PREFIX", "/c"}, {"PATH", "/bin"}});
  CHECK(said_environment(shell, {}).empty());
  CHECK(said_environment(shell, {"PATH=/x=y", "SEED", "A=1", "A=2"}) ==
        Environment{{"PATH", "/x=y"}, {"SEED", "1"}, {"A", "2"}});
  CHECK_THROWS_AS(said_environment(shell, {"NOT_SET"}), Error);
  CHECK_THROWS_AS(said_environment(shell, {"=1"}), Error);
}

TEST_CASE("a command that forgets the trial gets a hint, no error") {
  WorkloadSpec spec;
  spec.trials = TrialRange{0, 9, 1};
  spec.task.argv = {"./model"};
  CHECK(command_hint(spec).find("{trial}") != std::string::npos);
  for (const auto* word : {"x{trial}", "{index}", "echo $PCLUSTER_TRIAL"}) {
    spec.task.argv = {"sh", "-c", word};
    CHECK(command_hint(spec).empty());
  }
  spec.task.columns = {"alpha", "b"};
  CHECK(command_hint(spec).empty());  // $PCLUSTER_TRIAL
  spec.task.argv = {"./model"};
  CHECK(command_hint(spec).find("{alpha}") != std::string::npos);
  for (const auto* word : {"{b}", "{2}", "$PCLUSTER_ALPHA"}) {
    spec.task.argv = {"sh", "-c", word};
    CHECK(command_hint(spec).empty());
  }
  spec.task.columns.clear();
  spec.task.argv = {"./model"};
  spec.trials = TrialRange{0, 0, 1};
  CHECK(command_hint(spec).empty());
}
