// Residents on gangs: the next trial goes where the program waits for it.
// SPDX-License-Identifier: MIT
#include "tests/core/gang_bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

TEST_CASE("a resident's next trial goes to the gang of its last one, whoever else is free") {
  GangBench bench({1, 1, 1});
  auto full = Bench::trials(1);
  full.task.each.cores = 4;
  bench.add(full);
  const auto other = bench.given(bench.workers[0]).at(0);
  auto spec = GangBench::wide(8, 2);
  spec.task.resident = true;
  bench.add(spec);
  const auto first = bench.given(bench.workers[1]).at(0);
  bench.say(bench.workers[0], report({result(other)}));
  bench.say(bench.workers[1], report({result(first)}));
  CHECK(bench.gang(bench.workers[1]) == "w1:4 w2:4");
  CHECK(bench.given(bench.workers[0]).empty());
}

TEST_CASE("a resident's gang is forgotten with any of its workers") {
  GangBench bench({1, 1, 1});
  auto spec = GangBench::wide(8, 2);
  spec.task.resident = true;
  bench.add(spec);
  const auto first = bench.given(bench.workers[0]).at(0);
  bench.say(bench.workers[1], Bye{"its job ends"});
  CHECK(bench.gang(bench.workers[0]) == "w0:4 w2:4");
  CHECK(bench.given(bench.workers[0]).at(0).number == first.number + 1);
}
