// Workloads that come after others.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

struct Two : Bench {  // a worker of two slots, and a workload of one task that runs
  LinkId link = join(hello(jobs({"1"}), "1", 2));
  WorkloadId first = add(trials(1));
  AttemptId attempt = given(link).front();

  WorkloadId then(std::vector<WorkloadId> after, std::vector<WorkloadId> after_any = {}) {
    auto spec = trials(3);
    spec.after = std::move(after);
    spec.after_any = std::move(after_any);
    return add(spec);
  }
};

}  // namespace

TEST_CASE("after: nothing goes out before all of the first is done") {
  Two two;
  const auto second = two.then({two.first});
  CHECK(two.given(two.link).empty());
  CHECK(two.progress(second).note == "waiting for workload 1");
  two.restart();
  CHECK(two.progress(second).note == "waiting for workload 1");
  auto back = two.hello(two.core.status(0).jobs.front().token, "1", 2);
  back.resumed = WorkerId{0};
  back.held = {two.attempt};
  two.say(LinkId{5}, back);
  two.say(LinkId{5}, Heartbeat{});
  CHECK(two.given(LinkId{5}).empty());
  two.say(LinkId{5}, report({result(two.attempt)}));
  CHECK(two.given(LinkId{5}).size() == 2);
}

TEST_CASE("after: when the first fails, all that come after it are cancelled") {
  Two two;
  const auto second = two.then({two.first}), third = two.then({second});
  const auto any = two.then({}, {two.first});
  two.say(two.link, report({result(two.attempt, TaskState::failed)}));
  CHECK(two.records<WorkloadCancelled>().size() == 2);
  CHECK(two.progress(second).finished);
  CHECK(two.progress(second).cancelled == 3);
  CHECK(two.progress(second).note == "workload 1, which it comes after, failed");
  CHECK(two.progress(third).note == "workload 2, which it comes after, was cancelled");
  CHECK(two.given(two.link).size() == 2);
  CHECK(two.given(two.link).front().task.workload == any);
  two.restart();
  CHECK(two.progress(second).note == "workload 1, which it comes after, failed");
}

TEST_CASE("after: a launcher that dies before it has cancelled them does it then") {
  Two two;
  const auto second = two.then({two.first});
  two.say(two.link, report({result(two.attempt, TaskState::failed)}));
  std::size_t records = two.journal.size();
  while (!std::holds_alternative<WorkloadCancelled>(two.journal[--records])) {}
  two.restart(records);
  CHECK(two.records<WorkloadCancelled>().size() == 1);
  CHECK(two.progress(second).cancelled == 3);
}

TEST_CASE("after: one that has ended is waited for no more, one that failed cancels at once") {
  Two two;
  two.say(two.link, report({result(two.attempt, TaskState::failed)}));
  CHECK(two.progress(two.then({two.first})).finished);
  CHECK(two.progress(two.then({}, {two.first})).running == 2);
  two.ask(AddWorkload{[] {
                        auto spec = Bench::trials(1);
                        spec.after_any = {WorkloadId{77}};
                        return spec;
                      }(),
                      true});
  CHECK(two.reply<Refusal>().code == 2);
  CHECK(two.reply<Refusal>().message == "there is no workload 77");
}

TEST_CASE("after: what waits for others does not keep an idle pool") {
  Two two;
  const auto large = two.jobs({"2"}, "idle", 60 * second);
  const auto link = two.join(two.hello(large, "2", 1));
  const auto second_one = two.then({two.first});
  for (int i = 0; i < 11; ++i) {
    two.say(link, Heartbeat{});
    two.say(two.link, Heartbeat{});
    two.tick(5 * second);
  }
  CHECK(two.to<StopWorker>(link).empty());
  two.say(link, Heartbeat{});
  two.say(two.link, Heartbeat{});
  two.tick(6 * second);
  CHECK(two.to<StopWorker>(link).size() == 1);
  CHECK(two.progress(second_one).queued == 3);
}

TEST_CASE("on: a task goes to its worker beside what runs there, and takes no slot") {
  Bench bench;
  const auto token = bench.jobs({"1", "2"});
  const auto one = bench.join(bench.hello(token, "1", 1));
  const auto two = bench.join(bench.hello(token, "2", 1));
  bench.add(Bench::trials(5));
  auto spec = Bench::trials(2);
  spec.on = {WorkerId{1}, WorkerId{0}};
  const auto id = bench.add(spec);
  REQUIRE(bench.given(one).size() == 1);
  CHECK(bench.given(one).front().task == TaskId{id, 1});
  CHECK(bench.given(two).front().task == TaskId{id, 0});
  CHECK(bench.to<Define>(one).front().task.beside);
  CHECK(bench.core.status(0).workers.front().busy == 1);
  const auto mine = bench.given(two).front();
  bench.say(two, report({result(mine)}));
  CHECK(bench.progress(id).done == 1);
  SUBCASE("its worker is lost: so is the task, with the reason, and it runs nowhere else") {
    bench.handle(event::WorkerCut{one, "died"});
    bench.say(two, Heartbeat{});
    bench.tick(10 * second);
    bench.say(two, Heartbeat{});
    bench.tick(6 * second);
    const auto lost = bench.records<TaskLost>();
    REQUIRE(lost.size() == 1);
    CHECK(lost.front().reason.find("worker w0 was lost: no word for") == 0);
    CHECK(bench.progress(id).finished);
    CHECK(bench.progress(id).failed == 1);
  }
  SUBCASE("an assignment that never arrived goes to the same worker again") {
    bench.handle(event::WorkerCut{one, "cable"});
    auto back = bench.hello(token, "1", 1);
    back.resumed = WorkerId{0};
    bench.say(LinkId{9}, back);
    CHECK(bench.progress(id).queued == 1);
    bench.say(LinkId{9}, Heartbeat{});
    REQUIRE(bench.given(LinkId{9}).size() == 2);  // and its slot is free
    CHECK(bench.progress(id).running == 1);
  }
}

TEST_CASE("on: a worker that is not home, or too small, is refused with those that are") {
  Bench bench;
  bench.join(bench.hello(bench.jobs({"1"}), "1", 2));
  auto spec = Bench::trials(1);
  spec.on = {WorkerId{4}};
  bench.ask(AddWorkload{spec, true});
  CHECK(bench.reply<Refusal>().code == 2);
  CHECK(bench.reply<Refusal>().message == "worker w4 is not home");
  CHECK(bench.reply<Refusal>().hint == "at home are: w0");
  spec.on = {WorkerId{0}};
  spec.task.each.cores = 8;
  bench.ask(AddWorkload{spec, true});
  CHECK(bench.reply<Refusal>().message.find("asks for more than worker w0 has") !=
        std::string::npos);
}

TEST_CASE("explain: from the task to the queue's own reason") {
  Two two;
  const auto second_one = two.then({two.first});
  const auto ask = [&](TaskRef what) {
    two.ask(Explain{what});
    std::string text;
    for (const auto& [name, said] : two.reply<Explanation>().items)
      text += name + ": " + said + "\n";
    return text;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  two.now += 3 * second;
  CHECK(has(ask({two.first, 0}), "task 1.0: running on w0 (host-1) for 3"));
  const auto waits = ask({second_one, 2});
  CHECK(has(waits, "task 2.2: queued\n"));
  CHECK(has(waits, "waits: waiting for workload 1\n"));
  CHECK(has(waits, "workers: 1 busy; 1 of 2 slots free\n"));
  CHECK(has(waits, "pool default: 1 running; 1 wanted"));
  auto large = Bench::trials(1);
  large.task.each.cores = 2;
  const auto big = two.add(large), small = two.add(Bench::trials(1));
  CHECK(has(ask({big, {}}), "waits: all slots are busy with other work\n"));
  CHECK(has(ask({small, 0}), "free slots are kept for workload 3, whose tasks need 2 at once\n"));
  two.say(two.link, report({result(two.attempt)}));
  CHECK(has(ask({two.first, 0}), "task 1.0: it has ended; see: pcluster results 1.0"));
  const auto token = two.jobs({"5", "6"}, "slow");
  two.tick(2 * second);
  two.handle(event::Polled{{{"5", JobState::pending, "PD", "Priority", "", 0, false},
                            {"6", JobState::pending, "PD", "Priority", "", 0, false}},
                           true});
  CHECK(has(ask({big, {}}), "pool slow: 2 pending (Priority); 2 wanted"));
  two.ask(Explain{{two.first, 7}});
  CHECK(two.reply<Refusal>().message == "workload 1 has no task 7: they are 0-0");
}
