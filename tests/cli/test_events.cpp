// Records as events; what --since and --on mean; lines with their owner's name.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/base/error.hpp"
#include "launcher/cli/events.hpp"
#include "launcher/cli/line_prefix.hpp"
#include "launcher/cli/worker_list.hpp"

using namespace pcluster;

namespace {

constexpr Micros noon = 1'790'000'000 * second;

TaskResult failed() {
  TaskResult result;
  result.attempt = {{WorkloadId{7}, 3}, 2, 1};
  result.state = TaskState::failed;
  result.exit_code = 9;
  result.end_unix = noon + 5 * second;
  return result;
}

std::string names(const std::vector<WorkerId>& workers) {
  std::string text;
  for (const auto id : workers) text += to_string(id) + " ";
  return text;
}

}  // namespace

TEST_CASE("an event has the time of its record, else the newest that was read") {
  EventMaker maker;
  CHECK(maker.take(1, EpochBegan{4})->at_unix == 0);
  CHECK_FALSE(maker.take(2, ClockRead{noon}));
  const auto gone = maker.take(3, WorkerGone{WorkerId{1}, "no word"});
  REQUIRE(gone);
  CHECK(gone->at_unix == noon);
  CHECK(maker.take(4, TaskSettled{failed(), WorkerId{1}})->at_unix == noon + 5 * second);
  CHECK(maker.take(5, StopAsked{})->at_unix == noon);
}

TEST_CASE("what was lost is no failure of its own") {
  EventMaker maker;
  auto lost = failed();
  lost.state = TaskState::lost;
  CHECK(maker.take(1, TaskFailedOnce{lost, WorkerId{1}})->name == "task_lost_once");
  CHECK(maker.take(2, TaskSettled{lost, WorkerId{1}})->name == "task_lost");
  CHECK(maker.take(3, TaskFailedOnce{failed(), WorkerId{1}})->name == "task_failed_once");
}

TEST_CASE("events as lines, for people and for programs") {
  EventMaker maker;
  maker.take(1, ClockRead{noon});
  const auto event = *maker.take(2, TaskSettled{failed(), WorkerId{1}});
  CHECK(event_text(event) ==
        "2026-09-21T14:13:25.000Z  task_failed         task=7.3  attempt=2  worker=w1  "
        "exit_code=9\n");
  CHECK(event_line(event) ==
        "{\"version\":1,\"seq\":2,\"time\":\"2026-09-21T14:13:25.000000Z\",\"event\":"
        "\"task_failed\",\"task\":\"7.3\",\"attempt\":2,\"worker\":\"w1\",\"exit_code\":9}\n");
  const auto assigned = *maker.take(3, TasksAssigned{WorkerId{0}, WorkloadId{7}, 2, 3, 1, 1});
  CHECK(event_text(assigned).find("tasks_assigned      task=7.2-7.4  tasks=3") !=
        std::string::npos);
  CHECK(event_text(*maker.take(4, SubmitCancelled{"tok"}))
            .ends_with("submit_cancelled    token=tok\n"));
  maker.take(5, PoolAsked{PoolId{0}, "wide", {}, 2});
  const auto began = *maker.take(6, SubmitBegan{"tok", PoolId{0}, 2, noon});
  CHECK(event_text(began).find("pool=wide") != std::string::npos);
}

TEST_CASE("since: a number, a time ago, a time") {
  CHECK(parse_since("17", noon).sequence == 17);
  CHECK(parse_since("17", noon).at_unix == 0);
  CHECK(parse_since("10m", noon).at_unix == noon - 600 * second);
  CHECK(parse_since("1970-01-02", noon).at_unix == 86'400 * second);
  CHECK(parse_since("2026-09-21T14:13:25Z", noon).at_unix == noon + 5 * second);
  CHECK(parse_since("2026-09-21T14:13:25", noon).at_unix == noon + 5 * second);
  for (const auto* wrong : {"soon", "2026-13-01", "2026-09-21T13", "-5", ""}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_since(wrong, noon), Error);
  }
  EventMaker maker;
  maker.take(1, ClockRead{noon});
  const auto event = *maker.take(2, StopAsked{});
  CHECK(Since{1, 0}.includes(event));
  CHECK_FALSE(Since{2, 0}.includes(event));
  CHECK(Since{0, noon}.includes(event));
  CHECK_FALSE(Since{0, noon + 1}.includes(event));
}

TEST_CASE("chosen workers: each once; all are those that are home and take tasks") {
  Status status;
  for (const auto* state : {"idle", "lost", "busy", "draining"}) {
    WorkerRow row;
    row.worker = WorkerId{static_cast<std::uint32_t>(status.workers.size())};
    row.state = state;
    status.workers.push_back(row);
  }
  CHECK(names(chosen_workers("all", status)) == "w0 w2 ");
  CHECK(names(chosen_workers("w0,w3-w5", status)) == "w0 w3 w4 w5 ");
  CHECK(names(chosen_workers("w3-5,w4,2", status)) == "w3 w4 w5 w2 ");
  for (const auto* wrong : {"", "w", "x1", "w3-w1", "w1-w2-w3", "w1,,w2", "w0-w4000000000"}) {
    INFO(wrong);
    CHECK_THROWS_AS(chosen_workers(wrong, status), Error);
  }
  CHECK_THROWS_AS(chosen_workers("all", Status{}), Error);
}

TEST_CASE("lines with a name: whole ones only, the rest at the end") {
  LinePrefix lines("w3: ");
  CHECK(lines.add("a\nb") == "w3: a\n");
  CHECK(lines.add("c\n\nd") == "w3: bc\nw3: \n");
  CHECK(lines.rest() == "w3: d\n");
  CHECK(lines.rest().empty());
  CHECK(lines.add(std::string(70'000, 'x')).size() == 70'000 + 5);
}
