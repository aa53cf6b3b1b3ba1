// Ids, trials, slots.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <limits>

#include "launcher/model/ids.hpp"
#include "launcher/model/spec.hpp"

using namespace pcluster;

TEST_CASE("ids are written as people read them") {
  const AttemptId attempt{{WorkloadId{7}, 123}, 2, 9};
  CHECK(to_string(attempt) == "7.123#2");
  CHECK(to_string(attempt.task) == "7.123");
  CHECK(to_string(WorkerId{3}) == "w3");
  CHECK(parse_worker_id("w3") == WorkerId{3});
  CHECK_FALSE(parse_worker_id("3"));
  CHECK(parse_task_ref("7")->workload == WorkloadId{7});
  CHECK(parse_task_ref("7.123")->index == 123u);
  for (const char* bad : {"", "x", "7.", ".5", "7.x", "-1", "4294967296"})
    CHECK_FALSE(parse_task_ref(bad));
  CHECK(valid_cluster_name("my_cluster-2"));
  CHECK_FALSE(valid_cluster_name("a,b"));
  CHECK_FALSE(valid_cluster_name(""));
}

TEST_CASE("trials are counted and valued") {
  const Trials hundred = TrialRange{0, 99, 1};
  CHECK(task_count(hundred) == 100);
  CHECK(trial_value(hundred, 42) == "42");
  CHECK(task_count(TrialRange{10, 1, 3}) == 0);
  CHECK(task_count(TrialRange{10, 1, -3}) == 4);
  CHECK(trial_value(TrialRange{10, 1, -3}, 3) == "1");
  CHECK(task_count(TrialRange{5, 5, 7}) == 1);
  CHECK(task_count(TrialLines{"a", "b"}) == 2);
  CHECK(trial_value(TrialLines{"a", "b"}, 1) == "b");
  using L = std::numeric_limits<std::int64_t>;
  CHECK(task_count(TrialRange{L::min(), L::max(), 1}) == std::numeric_limits<std::uint32_t>::max());
  CHECK(task_count(TrialRange{0, 1, 0}) == 0);
}

namespace {
std::uint32_t needs(std::uint32_t ranks, Resources each, Resources worker, std::uint32_t slots) {
  TaskTemplate task;
  task.ranks = ranks;
  task.each = each;
  return slots_for(task, worker, slots);
}
}  // namespace

TEST_CASE("a task takes the fewest slots that cover what it asks for") {
  const Resources node{8, 16000, 2};
  CHECK(needs(0, {}, node, 8) == 1);
  CHECK(needs(0, {3, 0, 0}, node, 8) == 3);
  CHECK(needs(0, {3, 0, 0}, node, 4) == 2);  // a slot has 2 cores
  CHECK(needs(0, {0, 5000, 0}, node, 8) == 3);
  CHECK(needs(4, {}, node, 8) == 4);  // a rank costs a core
  CHECK(needs(2, {2, 0, 0}, node, 8) == 4);
  CHECK(needs(0, {0, 0, 1}, node, 8) == 4);
  CHECK(needs(0, {9, 0, 0}, node, 8) == 0);
  CHECK(needs(0, {1, 17000, 0}, node, 8) == 0);
  CHECK(needs(0, {0, 0, 3}, node, 8) == 0);
  CHECK(needs(2, {}, {2, 16000, 0}, 1) == 1);  // a preset named by its memory: one slot
  CHECK(needs(2, {}, {1, 4000, 0}, 2) == 2);   // oversubscribed: a slot counts as a core
  CHECK(needs(0, {}, node, 0) == 0);
}

TEST_CASE("so many slots hold so many ranks, and so many ranks need so many slots") {
  TaskTemplate task;
  task.ranks = 100;
  for (const Resources each : {Resources{0, 0, 0}, {2, 0, 0}, {1, 3000, 0}, {0, 0, 1}, {3, 100, 1}})
    for (const std::uint32_t slots : {1u, 3u, 4u, 8u, 12u}) {
      task.each = each;
      const Resources node{8, 16000, 3};
      for (std::uint32_t part = 0; part <= slots; ++part) {
        const auto ranks = ranks_in(task, part, node, slots);
        if (ranks > 0) CHECK(slots_for_ranks(task, ranks, node, slots) <= part);
        const auto more = slots_for_ranks(task, ranks + 1, node, slots);
        CHECK((more == 0 || more > part));
      }
    }
  CHECK(ranks_in(task, 8, {8, 0, 0}, 8) == 0);  // no gpus there
  task.each = {};
  CHECK(ranks_in(task, 3, {8, 0, 0}, 4) == 6);
  task.ranks = 5;
  CHECK(ranks_in(task, 4, {8, 0, 0}, 4) == 5);  // never more than it has
}
