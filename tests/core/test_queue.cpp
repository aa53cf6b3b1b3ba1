// Runs of indices, and the queue of a workload.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <set>

#include "launcher/core/queue.hpp"
#include "launcher/core/workloads.hpp"

using namespace pcluster;

namespace {

AttemptId attempt(std::uint32_t index, std::uint32_t number, Epoch epoch = 1) {
  return {{WorkloadId{1}, index}, number, epoch};
}

}  // namespace

TEST_CASE("a set of runs is a set of indices") {
  Ranges ranges(10);
  std::set<std::uint32_t> plain;
  for (std::uint32_t i = 0; i < 10; ++i) plain.insert(i);
  std::uint64_t dice = 12345;
  for (int step = 0; step < 5000; ++step) {
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    const auto index = static_cast<std::uint32_t>(dice >> 33) % 24;
    if (ranges.contains(index))
      ranges.remove({index, 1}), plain.erase(index);
    else
      ranges.add({index, 1}), plain.insert(index);
    REQUIRE(ranges.size() == plain.size());
    std::uint32_t last_end = 0, total = 0;
    for (const auto& [first, count] : ranges.runs()) {
      if (total > 0) REQUIRE(first > last_end);  // neighbours are one run
      last_end = first + count;
      total += count;
      for (auto i = first; i < last_end; ++i) REQUIRE(plain.contains(i));
    }
    REQUIRE(total == plain.size());
  }
}

TEST_CASE("a million queued tasks are one run") {
  TaskQueue queue(1'000'000);
  CHECK(queue.pieces() == 1);
  const auto run = queue.next(64);
  CHECK(run.range == Range{0, 64});
  CHECK(run.number == 1);
  queue.take(run.range, run.number);
  CHECK(queue.next(1).range == Range{64, 1});
  CHECK(queue.size() == 1'000'000 - 64);
  CHECK(queue.pieces() == 1);
}

TEST_CASE("what comes back goes out again first, with a new number") {
  TaskQueue queue(10);
  queue.take({0, 5}, 1);
  queue.put_back(attempt(2, 1), TaskQueue::Why::returned);
  queue.put_back(attempt(3, 1), TaskQueue::Why::lost);
  const auto run = queue.next(10);
  CHECK(run.range == Range{2, 2});
  CHECK(run.number == 2);
  queue.take(run.range, run.number);
  CHECK(queue.next(3).range == Range{5, 3});
  CHECK(queue.next(3).number == 1);
}

TEST_CASE("a run ends where the attempt number changes") {
  TaskQueue queue(6);
  queue.take({3, 1}, 1);
  queue.put_back(attempt(3, 1), TaskQueue::Why::returned);
  CHECK(queue.next(6).range == Range{0, 3});
  queue.take({0, 3}, 1);
  CHECK(queue.next(6).range == Range{3, 1});
  CHECK(queue.next(6).number == 2);
  queue.take({3, 1}, 2);
  CHECK(queue.next(6).range == Range{4, 2});
}

TEST_CASE("an attempt may go on unless its failure was counted") {
  TaskQueue queue(4);
  CHECK(queue.may_resume(attempt(0, 1)));
  queue.take({0, 2}, 1);
  CHECK_FALSE(queue.may_resume(attempt(0, 1)));  // it does not wait
  queue.put_back(attempt(0, 1), TaskQueue::Why::lost);
  queue.put_back(attempt(1, 1), TaskQueue::Why::failed);
  CHECK(queue.may_resume(attempt(0, 1)));
  CHECK_FALSE(queue.may_resume(attempt(1, 1)));
  CHECK(queue.may_resume(attempt(1, 2)));
  queue.take({0, 1}, 1);  // thought lost, and goes on: it was no loss
  CHECK(queue.history(0)->losses == 0);
}

TEST_CASE("settled tasks and dropped ones leave nothing") {
  TaskQueue queue(3);
  queue.take({0, 1}, 1);
  queue.put_back(attempt(0, 1), TaskQueue::Why::failed);
  CHECK(queue.history(0)->failures == 1);
  CHECK(queue.drop(0));
  CHECK_FALSE(queue.drop(0));
  CHECK(queue.history(0) == nullptr);
  CHECK(queue.clear() == 2);
  CHECK(queue.pieces() == 0);
}

TEST_CASE("tasks are short when their median is, and not before three have shown it") {
  Walls walls;
  for (int i = 0; i < 2; ++i) walls.add(10 * millisecond);
  CHECK_FALSE(walls.median().has_value());
  walls.add(10 * second);
  CHECK(walls.median() == 10 * millisecond);
  for (int i = 0; i < 15; ++i) walls.add(3 * second);
  CHECK(walls.median() == 3 * second);
}

TEST_CASE("tasks are even when none of the last was much longer than most") {
  Walls walls;
  for (int i = 0; i < 7; ++i) walls.add(900 * millisecond);
  CHECK_FALSE(walls.even());  // too few to tell
  walls.add(1300 * millisecond);
  CHECK(walls.even());
  walls.add(1400 * millisecond);
  CHECK_FALSE(walls.even());
}
