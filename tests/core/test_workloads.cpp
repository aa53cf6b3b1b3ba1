// Workloads from their acceptance to their last progress.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

struct One : Bench {  // a worker of two slots
  LinkId link = join(hello(jobs({"1"}), "1", 2));
};

}  // namespace

TEST_CASE("accepted, run, finished: answers wait for the journal, assignments do not") {
  One one;
  one.ask(AddWorkload{Bench::trials(2), true}, 7);
  CHECK(one.records<WorkloadAdded>().size() == 1);
  CHECK(Bench::of<effect::SendClient>(one.last.now).empty());
  CHECK(one.reply<WorkloadAccepted>().tasks == 2);
  CHECK_FALSE(Bench::of<effect::SendWorker>(one.last.now).empty());
  const auto out = one.given(one.link);
  one.tick(second);
  one.say(one.link, report({result(out[0]), result(out[1])}, 2));
  CHECK(one.last.now.empty());
  CHECK(one.to<Ack>(one.link).front().sequence == 2);
  CHECK(one.to<Forget>(one.link).size() == 1);
  const auto last = one.reply<Progress>();
  CHECK(last.finished);
  CHECK(last.done == 2);
  one.say(one.link, report({result(out[0])}, 2));  // once more: its Ack was lost
  CHECK(one.last.append.empty());
  CHECK(one.to<Ack>(one.link).size() == 1);
}

TEST_CASE("a task's own failures use up its retries") {
  One one;
  auto spec = Bench::trials(1);
  spec.retries = 2;
  const auto id = one.add(spec);
  auto attempt = one.given(one.link).front();
  for (int tries = 0; tries < 2; ++tries) {
    one.say(one.link, report({result(attempt, TaskState::failed)}));
    CHECK(one.records<TaskFailedOnce>().size() == 1);
    const auto again = one.given(one.link).front();
    CHECK(again.number == attempt.number + 1);
    attempt = again;
  }
  one.say(one.link, report({result(attempt, TaskState::failed)}));
  CHECK(one.records<TaskSettled>().size() == 1);
  CHECK(one.progress(id).failed == 1);
  CHECK(one.progress(id).first_exit_code == 1);
}

TEST_CASE("a failure that was counted is not counted again when its worker comes back") {
  One one;
  auto spec = Bench::trials(1);
  spec.retries = 1;
  const auto id = one.add(spec);
  const auto attempt = one.given(one.link).front();
  one.handle(event::WorkerSaid{one.link, report({result(attempt, TaskState::failed)})});
  const auto durable = one.journal.size() - 1;  // not the assignment that followed
  one.restart(durable);
  auto back = one.hello(one.core.status(0).jobs.front().token, "1", 2);
  back.resumed = WorkerId{0};
  back.held = {attempt};
  one.say(LinkId{9}, back);
  one.say(LinkId{9}, report({result(attempt, TaskState::failed)}));
  CHECK(one.records<TaskSettled>().empty());
  CHECK(one.progress(id).failed == 0);
}

TEST_CASE("cancel: waiting tasks at once, running ones by their worker") {
  One one;
  const auto id = one.add(Bench::trials(5));
  const auto out = one.given(one.link);
  one.ask(CancelWorkload{{id, 4}});
  CHECK(one.progress(id).cancelled == 1);
  one.ask(CancelWorkload{{id, {}}});
  CHECK(one.progress(id).cancelled == 3);
  CHECK(one.to<CancelTasks>(one.link).front().attempts == out);
  one.say(one.link, report({result(out[0], TaskState::cancelled)}));
  one.say(one.link, report({result(out[1], TaskState::failed)}, 2));
  CHECK(one.progress(id).finished);
  CHECK(one.progress(id).cancelled == 4);
  CHECK(one.progress(id).failed == 1);
}

TEST_CASE("a failed task of a cancelled workload is failed, whatever retries it had") {
  One one;
  auto spec = Bench::trials(1);
  spec.retries = 3;
  const auto id = one.add(spec);
  const auto attempt = one.given(one.link).front();
  one.ask(CancelWorkload{{id, {}}});
  one.say(one.link, report({result(attempt, TaskState::failed)}));
  CHECK(one.records<TaskSettled>().size() == 1);
  CHECK(one.progress(id).failed == 1);
}

TEST_CASE("a lost worker uses up none of a task's own retries") {
  One one;
  auto spec = Bench::trials(1);
  spec.retries = 1;
  const auto id = one.add(spec);
  one.handle(event::WorkerCut{one.link, "died"});
  one.tick(20 * second);
  const auto link = one.join(one.hello(one.jobs({"2"}, "more"), "2", 1));
  one.say(link, report({result(one.given(link).front(), TaskState::failed)}));
  CHECK(one.records<TaskFailedOnce>().size() == 1);
  CHECK(one.progress(id).failed == 0);
}

TEST_CASE("cancelled tasks of a lost worker do not come back") {
  One one;
  const auto id = one.add(Bench::trials(2));
  one.ask(CancelWorkload{{id, {}}});
  one.handle(event::WorkerCut{one.link, "died"});
  one.tick(20 * second);
  CHECK(one.progress(id).cancelled == 2);
  CHECK(one.progress(id).finished);
}

TEST_CASE("a workload that fails everywhere is stopped") {
  One one;
  auto spec = Bench::trials(50);
  spec.max_failures = 2;
  const auto id = one.add(spec);
  const auto out = one.given(one.link);
  one.say(one.link, report({result(out[0], TaskState::failed)}));
  const auto next = one.given(one.link).front();
  one.say(one.link, report({result(out[1], TaskState::failed)}, 2));
  CHECK(one.records<WorkloadCancelled>().front().by_failures);
  CHECK(one.to<CancelTasks>(one.link).front().attempts.front() == next);
  one.say(one.link, report({result(next, TaskState::cancelled)}, 3));
  CHECK(one.progress(id).finished);
  CHECK(one.progress(id).stopped_by_failures);
}

TEST_CASE("progress is not told more often than agreed, the last one always") {
  One one;
  one.add(Bench::trials(40));
  int told = 0;
  for (int i = 0; i < 39; ++i) {
    one.now += 10 * millisecond;
    const auto all = one.core.running(WorkloadId{1}).attempts;
    one.say(one.link, report({result(all.front())}));
    told += static_cast<int>(Bench::of<effect::SendClient>(one.last.after).size());
  }
  CHECK(told <= 4);
  one.say(one.link, report({result(one.core.running(WorkloadId{1}).attempts.front())}));
  CHECK(one.reply<Progress>().finished);
  one.ask(Follow{WorkloadId{1}}, 8);
  CHECK(one.reply<Progress>().finished);
  one.ask(Follow{WorkloadId{5}}, 8);
  CHECK(one.reply<Refusal>().message == "there is no workload 5");
}

TEST_CASE("trials of a file are journaled as the file and given out as lines") {
  One one;
  auto spec = Bench::trials(1);
  spec.trials = TrialFile{"trials/7", "abc", 3};
  const auto id = one.add(spec);
  CHECK(one.given(one.link).empty());
  CHECK(one.progress(id).note == "reading its trials");
  REQUIRE(one.core.missing_trials().size() == 1);
  one.core.load_trials(id, TrialLines{"a", "b", "c"});
  CHECK(one.core.deadline() == 0);
  one.tick(0);
  CHECK(one.to<Assign>(one.link).front().items.front().trials == TrialLines{"a", "b"});
  one.restart();
  REQUIRE(one.core.missing_trials().size() == 1);
  CHECK(one.core.missing_trials().front().second.name == "trials/7");
}

TEST_CASE("replay is what was: the same rows, whatever happened") {
  One one;
  const auto id = one.add(Bench::trials(9));
  const auto out = one.given(one.link);
  one.say(one.link, report({result(out[0]), result(out[1], TaskState::failed)}, 2));
  one.ask(CancelWorkload{{id, 8}});
  const auto before = one.progress(id);
  one.restart();
  const auto after = one.progress(id);
  CHECK(after.queued == before.queued);
  CHECK(after.running == before.running);
  CHECK(after.done == before.done);
  CHECK(after.failed == before.failed);
  CHECK(after.cancelled == before.cancelled);
}

TEST_CASE("lost tasks count for max_failures") {
  Bench bench;
  auto spec = Bench::trials(10);
  spec.max_failures = 2;
  spec.loss_retries = 0;
  const auto id = bench.add(spec);
  for (int i = 0; i < 2; ++i) {  // each task ends its worker
    const auto job = std::to_string(i);
    const auto link = bench.join(bench.hello(bench.jobs({job}, "pool-" + job), job, 1));
    Report began;
    began.started = bench.given(link);
    REQUIRE(began.started.size() == 1);
    bench.say(link, began);
    bench.tick(20 * second);
  }
  CHECK(bench.progress(id).failed == 2);
  CHECK(bench.progress(id).stopped_by_failures);
  CHECK(bench.progress(id).finished);
}

TEST_CASE("trials go out in messages that fit a frame, and one that never could is refused") {
  Bench bench;
  const auto link = bench.join(bench.hello(bench.jobs({"1"}), "1", 64));
  auto spec = Bench::trials(1);
  spec.trials = TrialLines(64, std::string(max_trial, 'x'));
  bench.add(spec);
  std::size_t tasks = 0;
  for (const auto& assign : bench.to<Assign>(link)) {
    std::size_t bytes = 0;
    for (const auto& item : assign.items) {
      tasks += item.count;
      for (const auto& trial : item.trials) bytes += trial.size();
    }
    CHECK(bytes < max_frame / 4);
  }
  CHECK(tasks == 64);
  spec.trials = TrialLines{"small", std::string(max_trial + 1, 'x')};
  bench.ask(AddWorkload{spec, false});
  CHECK(bench.reply<Refusal>().message.find("trial 1 has") != std::string::npos);
}
