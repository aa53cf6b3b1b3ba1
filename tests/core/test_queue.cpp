// Runs of indices, and the queue of a workload.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

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

TEST_CASE("many runs become bits, and stay the same set") {
  constexpr std::uint32_t space = 30'000;
  Ranges ranges(space);
  std::vector<bool> plain(space, true);
  std::uint64_t dice = 4711;
  std::size_t most = 0;
  for (int step = 0; step < 60'000; ++step) {
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    const Range range{static_cast<std::uint32_t>(dice >> 33) % (space - 70),
                      step % 9 == 0 ? 1 + static_cast<std::uint32_t>(dice >> 20) % 70 : 1};
    const auto begin = plain.begin() + range.first, end = begin + range.count;
    const auto has = std::count(begin, end, true);
    REQUIRE(ranges.contains(range) == (has == range.count));
    if (has == range.count)
      ranges.remove(range), std::fill(begin, end, false);
    else if (has == 0)
      ranges.add(range), std::fill(begin, end, true);
    most = std::max(most, ranges.bytes());
    if (step % 1000 > 0) continue;
    std::vector<bool> told(space);
    std::uint32_t size = 0, last_end = 0;
    for (const auto& [first, count] : ranges.runs()) {
      REQUIRE((size == 0 || first > last_end));
      std::fill(told.begin() + first, told.begin() + first + count, true);
      size += count, last_end = first + count;
    }
    REQUIRE(told == plain);
    REQUIRE(ranges.size() == size);
    const auto front = ranges.front();
    REQUIRE(front == ranges.runs().front());
    REQUIRE(ranges.front(1) == Range{front.first, 1});
  }
  CHECK(most < 4097 * 48 + 1);
  CHECK(ranges.bytes() < 8'000);  // bits by now
  while (!ranges.empty()) ranges.remove(ranges.front(50));
  CHECK(ranges.bytes() == 0);
  ranges.add({5, 3});
  CHECK(ranges.front() == Range{5, 3});
}

TEST_CASE("every second of a million tasks back in the queue takes a few MB") {
  constexpr std::uint32_t tasks = 1'000'000;
  TaskQueue queue(tasks);
  queue.take({0, tasks}, 1);
  for (std::uint32_t i = 0; i < tasks; i += 2)
    queue.put_back(attempt(i, 1), i % 4 == 0 ? TaskQueue::Why::returned : TaskQueue::Why::failed);
  CHECK(queue.size() == tasks / 2);
  CHECK(queue.bytes() < 6'000'000);
  for (std::uint32_t i = 0; i < tasks; i += 2) {
    const auto run = queue.next(5);
    REQUIRE(run.range == Range{i, 1});
    REQUIRE(run.number == 2);
    REQUIRE(queue.history(i)->failures == (i % 4 == 0 ? 0u : 1u));
    queue.take(run.range, run.number);
    queue.settled(i);
  }
  CHECK(queue.empty());
  CHECK(queue.bytes() < 2000);
}

TEST_CASE("a million queued tasks are one run") {
  TaskQueue queue(1'000'000);
  CHECK(queue.bytes() < 100);
  const auto run = queue.next(64);
  CHECK(run.range == Range{0, 64});
  CHECK(run.number == 1);
  queue.take(run.range, run.number);
  CHECK(queue.next(1).range == Range{64, 1});
  CHECK(queue.size() == 1'000'000 - 64);
  CHECK(queue.bytes() < 100);
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
  CHECK(queue.bytes() < 2000);
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

TEST_CASE("what comes back goes out before what never did: its memory is that of what was out") {
  constexpr std::uint32_t tasks = 100'000, out_at_once = 64;
  TaskQueue queue(tasks);
  std::vector<AttemptId> out;
  std::uint64_t settled = 0;
  std::size_t most = 0;
  while (!queue.empty() || !out.empty()) {
    while (out.size() < out_at_once && !queue.empty()) {
      const auto run = queue.next(out_at_once - static_cast<std::uint32_t>(out.size()));
      queue.take(run.range, run.number);
      for (auto i = run.range.first; i < run.range.end(); ++i)
        out.push_back(attempt(i, run.number));
    }
    const std::vector<AttemptId> ended(out.rbegin(), out.rend());
    out.clear();
    for (const auto& one : ended) {  // the first try of every second task fails
      if (one.task.index % 2 == 1 && one.number == 1)
        queue.put_back(one, TaskQueue::Why::failed);
      else
        queue.settled(one.task.index), ++settled;
      most = std::max(most, queue.bytes());
    }
  }
  CHECK(settled == tasks);
  CHECK(most < 20'000);
  CHECK(queue.bytes() < 2000);
}
