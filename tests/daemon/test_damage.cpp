// A damaged journal: the log says what its records were about.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/core/core.hpp"
#include "launcher/daemon/damage.hpp"
#include "launcher/io/segment.hpp"
#include "launcher/io/store.hpp"
#include "launcher/model/codec.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

Record added(std::uint32_t workload) {
  WorkloadSpec spec;
  spec.verb = "map";
  spec.task.argv = {"true"};
  spec.trials = TrialRange{0, 19, 1};
  return WorkloadAdded{WorkloadId{workload}, spec, 1};
}

Record settled(std::uint32_t workload, std::uint32_t index) {
  TaskResult result;
  result.attempt = {{WorkloadId{workload}, index}, 1, 1};
  result.state = TaskState::done;
  return TaskSettled{result, WorkerId{0}};
}

// One bit of each of these records is another one.
void damage(const StateDirectory& directory, const std::vector<std::size_t>& records) {
  const auto path = directory.journal() + "/00000001.log";
  auto bytes = read_file(path);
  std::vector<std::size_t> places;
  for (const auto& entry : scan_segment(bytes).entries)
    places.push_back(static_cast<std::size_t>(entry.payload.data() - bytes.data()));
  for (const auto number : records) bytes[places.at(number)] ^= 1;
  remove_tree(path);
  append_file(path, bytes);
}

std::uint32_t next_workload(Core& core) {
  AddWorkload add;
  add.spec = std::get<WorkloadAdded>(added(1)).spec;
  std::uint32_t id = 0;
  for (const auto& record : core.handle(event::ClientSaid{ClientId{1}, add}, 1, 1).append)
    if (const auto* one = std::get_if<WorkloadAdded>(&record))
      id = static_cast<std::uint32_t>(one->workload);
  return id;
}

}  // namespace

TEST_CASE("tasks that run again and workloads that are lost are named") {
  const Scratch scratch;
  const StateDirectory directory{scratch.path};
  {
    Loop loop;
    Store store(
        loop, directory, 1, [](std::uint64_t) {}, [](const std::string&) {});
    store.append({added(7), added(8), added(9)});
    for (std::uint32_t index = 0; index < 10; ++index) store.append({settled(7, index)});
    store.append({settled(8, 0)});
    store.append({WorkloadCancelled{WorkloadId{9}, {}, false}, settled(9, 0)});
  }
  CHECK(lost_work(directory).empty());
  damage(directory, {1, 3 + 2, 3 + 5, 3 + 6, 3 + 7, 15});
  const auto lines = lost_work(directory);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].ends_with("run again: 7.2, 7.5-7"));
  CHECK(lines[1].starts_with("workload 8 is lost"));
}

TEST_CASE("an id that the journal has lost is not given again") {
  const Scratch scratch;
  const StateDirectory directory{scratch.path};
  make_directories(directory.spool());
  append_file(directory.spool() + "/w4.data", "");
  CHECK(workers_on_disk(directory) == std::vector{WorkerId{4}});
  Core core("test", 1);
  core.pass_over(WorkloadId{8});
  core.begin(1, 1);
  CHECK(next_workload(core) == 9);
}
