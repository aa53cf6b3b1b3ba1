// What is left of a workload that ended long ago.
// SPDX-License-Identifier: MIT
#include "launcher/core/workloads.hpp"
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

struct Long : Bench {
  LinkId link = join(hello(jobs({"1"}), "1", 2));
  WorkloadId done = settle(TaskState::done), failed = settle(TaskState::failed);
  WorkloadId cancelled = add(trials(5));

  WorkloadId settle(TaskState state) {
    const auto id = add(trials(1));
    auto one = result(given(link).front(), state);
    one.exit_code = state == TaskState::done ? 0 : 9;
    say(link, report({one}));
    return id;
  }
  WorkloadId then(WorkloadId before, bool any = false) {
    auto spec = trials(1);
    (any ? spec.after_any : spec.after) = {before};
    return add(spec);
  }
  // So many others come and go.
  void pass(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto id = add(trials(1));
      ask(CancelWorkload{{id, {}}});
      for (const auto& attempt : core.running(id).attempts)
        say(link, report({result(attempt, TaskState::cancelled)}));
    }
  }
  std::string said_of(TaskRef what) {
    ask(Explain{what});
    std::string text;
    for (const auto& [name, words] : reply<Explanation>().items) text += name + ": " + words + "\n";
    return text;
  }
  void check_old() {
    for (const auto& row : core.status(now).workloads) CHECK(row.progress.workload > cancelled);
    ask(Follow{failed}, 9);
    CHECK(reply<Progress>().finished);
    CHECK(reply<Progress>().failed == 1);
    CHECK(reply<Progress>().first_exit_code == 9);
    ask(Follow{cancelled}, 9);
    CHECK(reply<Progress>().cancelled == 5);
    CHECK(reply<Progress>().tasks == 5);
    ask(CancelWorkload{{done, {}}});
    reply<Accepted>();
    CHECK(last.append.empty());
    ask(CancelWorkload{{cancelled, 5}});
    CHECK(reply<Refusal>().message == "workload 3 has no task 5: they are 0-4");
    CHECK(said_of({done, 0}).find("it has ended; see: pcluster results 1.0") != std::string::npos);
    CHECK(said_of({failed, {}}).find("1 failed") != std::string::npos);
    ask(Follow{WorkloadId{100'000}}, 9);
    CHECK(reply<Refusal>().message == "there is no workload 100000");
  }
};

}  // namespace

TEST_CASE("a workload that ended long ago answers still, and others may come after it") {
  Long bench;
  bench.ask(CancelWorkload{{bench.cancelled, {}}});
  for (const auto& attempt : bench.core.running(bench.cancelled).attempts)
    bench.say(bench.link, report({result(attempt, TaskState::cancelled)}));
  bench.pass(Workloads::most_finished);
  CHECK(bench.core.status(0).workloads.size() == Workloads::most_finished);
  bench.check_old();
  const auto good = bench.then(bench.done), any = bench.then(bench.failed, true);
  CHECK(bench.progress(good).running == 1);
  CHECK(bench.progress(any).running == 1);
  const auto doomed = bench.then(bench.failed), late = bench.then(bench.cancelled);
  CHECK(bench.progress(doomed).note == "workload 2, which it comes after, failed");
  CHECK(bench.progress(doomed).cancelled == 1);
  CHECK(bench.progress(late).note == "workload 3, which it comes after, was cancelled");
  bench.restart();
  bench.check_old();
  CHECK(bench.progress(doomed).note == "workload 2, which it comes after, failed");
  const auto again = bench.then(bench.failed);
  CHECK(bench.progress(again).cancelled == 1);
}

TEST_CASE("what was cancelled before its turn and ended long ago is no more when its turn comes") {
  Bench bench;
  const auto first = bench.add(Bench::trials(1));
  auto spec = Bench::trials(1);
  spec.after = {first};
  const auto waits = bench.add(spec);
  bench.ask(CancelWorkload{{waits, {}}});
  for (std::size_t i = 0; i <= Workloads::most_finished; ++i) {
    const auto id = bench.add(Bench::trials(1));
    bench.ask(CancelWorkload{{id, {}}});
  }
  CHECK(bench.progress(waits).tasks == 0);  // not in status any more
  bench.ask(CancelWorkload{{first, {}}});
  bench.ask(Follow{first});
  CHECK(bench.reply<Progress>().finished);
}
