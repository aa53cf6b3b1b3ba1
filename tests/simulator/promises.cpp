// What somebody was told, against what is durable.
// SPDX-License-Identifier: MIT
#include "tests/simulator/oracle.hpp"

namespace pcluster::sim {

void Oracle::promised_result(const AttemptId& attempt) {
  if (on_its_way_.contains(attempt))
    fail("the result of " + to_string(attempt) + " was acknowledged before it was durable");
}

void Oracle::promised_finished(const Progress& told) {
  const auto found = works_.find(told.workload);
  if (found == works_.end()) return fail("a client was told of a workload that is not durable");
  const auto next = on_its_way_.lower_bound({{told.workload, 0}, 0, 0});
  const bool all = found->second.settled == found->second.tasks || found->second.cancelled;
  if (!all || (next != on_its_way_.end() && next->task.workload == told.workload))
    fail("workload " + to_string(told.workload) + " was called finished before it was durable");
  if (told.done + told.failed + told.cancelled != told.tasks || told.done != found->second.done)
    fail("the last progress of workload " + to_string(told.workload) + " miscounts");
}

void Oracle::promised_workload(WorkloadId id) {
  if (!works_.contains(id)) fail("workload " + to_string(id) + " was accepted, not durable");
}

void Oracle::promised_submit(const std::string& token) {
  if (!tokens_.contains(token)) fail("submit " + token + " goes out and is not durable");
}

void Oracle::promised_worker(WorkerId id) {
  if (!workers_.contains(id)) fail(to_string(id) + " was told its number before it was durable");
}

void Oracle::assigned(const TaskId& task) {
  if (settled_.contains(task)) fail("task " + to_string(task) + " is settled and given out again");
}

void Oracle::stopped_with(const AttemptId& attempt) {
  fail("scaling down ended a worker that ran " + to_string(attempt));
}

void Oracle::stopped_part(const TaskId& task, WorkerId worker) {
  const auto out = out_.find(task);
  if (out != out_.end() && out->second.contains(worker))
    fail("scaling down ended a worker with a part of " + to_string(task));
}

bool Oracle::all_settled() const {
  for (const auto& [id, work] : works_)
    if (work.settled != work.tasks && !work.cancelled) return false;
  return true;
}

}  // namespace pcluster::sim
