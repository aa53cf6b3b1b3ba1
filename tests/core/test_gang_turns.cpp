// Gangs that wait: what is kept for them, what goes on beside them, and that their turn comes.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <deque>

#include "tests/core/gang_bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

struct Running {
  LinkId link{};
  AttemptId attempt;
};

// What has been given out and not ended, oldest first.
struct Work {
  GangBench& bench;
  std::deque<Running> running{};

  void collect() {
    for (const auto link : bench.workers)
      for (const auto& attempt : bench.given(link)) running.push_back({link, attempt});
  }
  void end_oldest() {
    const auto one = running.front();
    running.pop_front();
    bench.say(one.link, report({result(one.attempt)}));
    collect();
  }
  bool runs(WorkloadId id) const {
    return std::any_of(running.begin(), running.end(),
                       [&](const Running& one) { return one.attempt.task.workload == id; });
  }
  std::size_t at(LinkId link) const {
    return static_cast<std::size_t>(std::count_if(
        running.begin(), running.end(), [&](const Running& r) { return r.link == link; }));
  }
};

}  // namespace

TEST_CASE(
    "a gang that waits keeps as many workers as it needs; the others go on with small tasks") {
  GangBench bench({1, 1, 1, 1});
  Work work{bench};
  auto wide = GangBench::wide(8);
  wide.priority = 1;
  bench.add(Bench::trials(200));
  work.collect();
  const auto gang = bench.add(wide);
  for (int i = 0; i < 16 && !work.runs(gang); ++i) {
    work.end_oldest();
    // At any time two workers are full of small tasks.
    std::size_t full = 0;
    for (const auto link : bench.workers) full += work.at(link) == 4 ? 1 : 0;
    if (!work.runs(gang)) CHECK(full >= 2);
  }
  CHECK(work.runs(gang));  // as soon as what ran there at first has ended
}

TEST_CASE("what is kept stays the same while it will do") {
  GangBench bench({1, 1, 1});
  Work work{bench};
  bench.add(Bench::trials(100));
  work.collect();
  auto wide = GangBench::wide(8);
  wide.priority = 1;
  const auto gang = bench.add(wide);
  const auto end_at = [&](LinkId link) {
    const auto one = std::find_if(work.running.begin(), work.running.end(),
                                  [&](const Running& r) { return r.link == link; });
    const auto attempt = one->attempt;
    work.running.erase(one);
    bench.say(link, report({result(attempt)}));
    work.collect();
  };
  end_at(bench.workers[2]);  // it is kept, with one of the others
  CHECK(work.at(bench.workers[2]) == 3);
  for (int i = 0; i < 3; ++i) end_at(bench.workers[2]);
  CHECK(work.at(bench.workers[2]) == 0);
  for (int i = 0; i < 4; ++i) end_at(bench.workers[1]);
  CHECK(work.at(bench.workers[1]) == 4);  // not of those: it takes small tasks
  for (int i = 0; i < 4; ++i) end_at(bench.workers[0]);
  CHECK(work.runs(gang));
}

TEST_CASE("explain says for whom free slots are kept") {
  GangBench bench({1, 1});
  Work work{bench};
  bench.add(Bench::trials(8));
  work.collect();
  auto wide = GangBench::wide(8);
  wide.priority = 1;
  bench.add(wide);
  const auto small = bench.add(Bench::trials(4));
  work.end_oldest();
  bench.ask(Explain{{small, 0}});
  const auto items = bench.reply<Explanation>().items;
  const auto waits = std::find_if(items.begin(), items.end(),
                                  [](const auto& item) { return item.first == "waits"; });
  REQUIRE(waits != items.end());
  CHECK(waits->second == "free slots are kept for workload 2, whose tasks have 8 ranks");
}

TEST_CASE("explain of a gang that runs names its head and its parts") {
  GangBench bench({1, 1});
  bench.add(GangBench::wide(6));
  bench.ask(Explain{{WorkloadId{1}, 0}});
  CHECK(bench.reply<Explanation>().items[0].second ==
        "running on w0 (n0) for 0.0s, head of a gang: 4 ranks there, 2 on w1 (n1)");
}

TEST_CASE("a gang is never asked back, and lent slots are no waiting tasks") {
  GangBench bench({1, 1, 1}, 2);
  bench.add(GangBench::wide(4));
  const auto id = bench.add(Bench::trials(60));
  Work work{bench};
  for (const auto& attempt : bench.given(bench.workers[2]))
    work.running.push_back({bench.workers[2], attempt});
  for (int i = 0; i < 3; ++i) {  // short ones: some wait there
    const auto one = work.running.front();
    work.running.pop_front();
    bench.say(one.link, report({result(one.attempt, TaskState::done, millisecond)}));
    for (const auto& attempt : bench.given(one.link)) work.running.push_back({one.link, attempt});
  }
  CHECK(bench.to<Retract>(bench.workers[0]).empty());
  CHECK(bench.to<Retract>(bench.workers[1]).empty());
  CHECK(bench.progress(id).running > 2);
}

TEST_CASE("scaling down lets the parts of a gang end with it") {
  GangBench bench({1, 1});
  bench.add(GangBench::wide(8));
  const auto attempt = bench.given(bench.workers[0]).at(0);
  bench.ask(ScaleJobs{"default", 1});
  CHECK(bench.reply<Scaled>().draining == 1);
  CHECK(bench.to<StopWorker>(bench.workers[1]).empty());
  bench.say(bench.workers[0], report({result(attempt)}));
  CHECK(bench.to<StopWorker>(bench.workers[1]).size() == 1);
  CHECK(bench.to<StopWorker>(bench.workers[0]).empty());
}
