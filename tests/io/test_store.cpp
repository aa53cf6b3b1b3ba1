// The store: durable means on the disk, in order; the results tables follow the journal.
// SPDX-License-Identifier: MIT
#include "launcher/io/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "launcher/io/result_rows.hpp"
#include "tests/io/disks.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

struct Opened {
  explicit Opened(Loop& loop, const std::string& root, Epoch epoch = 1, Disk disk = {})
      : store(
            loop, StateDirectory{root}, epoch, [this](std::uint64_t n) { numbers.push_back(n); },
            [this](const std::string& text) { troubles.push_back(text); }, std::move(disk)) {}
  std::uint64_t last() const { return numbers.empty() ? 0 : numbers.back(); }

  std::vector<std::uint64_t> numbers;
  std::vector<std::string> troubles;
  Store store;
};

constexpr WorkloadId workload{7};

Record added() {
  WorkloadSpec spec;
  spec.verb = "map";
  spec.task.argv = {"python", "trial.py", "{trial}"};
  spec.trials = TrialRange{0, 99, 1};
  return WorkloadAdded{workload, spec, 1234};
}

Record joined(std::uint32_t worker, const std::string& host) {
  WorkerJoined record;
  record.worker = WorkerId{worker};
  record.host = host;
  return record;
}

TaskResult result_of(std::uint32_t index, TaskState state = TaskState::done) {
  TaskResult result;
  result.attempt = {{workload, index}, 2, 1};
  result.state = state;
  result.exit_code = state == TaskState::done ? 0 : -1;
  result.signal = state == TaskState::done ? 0 : 9;
  result.start_unix = 1'000'000 + index;
  result.end_unix = 2'000'000 + index;
  result.cpu = 3;
  result.max_rss_kb = 4'000'000'000;
  if (state == TaskState::failed) result.message = "killed";
  if (index % 3 == 0) result.memory_limit_kb = index + 1;
  if (index % 6 == 0) result.cause = Cause::out_of_memory;
  if (index % 2 == 1) result.columns = "{\"rate\":" + std::to_string(index) + "}";
  return result;
}

Record settled(std::uint32_t index, TaskState state = TaskState::done) {
  return TaskSettled{result_of(index, state), WorkerId{index % 2}};
}

void check_rows(const std::string& root, std::uint32_t count) {
  const auto on_disk = read_workload(StateDirectory{root}, workload);
  CHECK(on_disk.added_unix == 1234);
  CHECK(on_disk.spec == std::get<WorkloadAdded>(added()).spec);
  REQUIRE(on_disk.rows.size() == count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& [index, row] = on_disk.rows[i];
    const auto wanted = result_of(i);
    REQUIRE(index == i);
    REQUIRE(row.result.attempt == wanted.attempt);
    REQUIRE(row.result.end_unix == wanted.end_unix);
    REQUIRE(row.result.max_rss_kb == wanted.max_rss_kb);
    REQUIRE(row.result.columns == wanted.columns);
    REQUIRE(row.result.memory_limit_kb == wanted.memory_limit_kb);
    REQUIRE(row.result.cause == wanted.cause);
    REQUIRE(row.host == (i % 2 == 0 ? "node0" : "node1"));
    REQUIRE(row.worker == WorkerId{i % 2});
  }
}

std::vector<Record> beginning() { return {joined(0, "node0"), joined(1, "node1"), added()}; }

std::vector<Record> replayed(const std::string& root) {
  std::vector<Record> records;
  replay_journal(StateDirectory{root}.journal(),
                 [&](const Record& record) { records.push_back(record); });
  return records;
}

}  // namespace

TEST_CASE("appends become durable in order; many that wait share a sync") {
  const Scratch scratch;
  Loop loop;
  const auto state = std::make_shared<DiskState>();
  Opened opened(loop, scratch.path, 1, disk_of(state));
  CHECK(opened.store.append(beginning()) == 1);
  for (std::uint32_t i = 0; i < 100; ++i) CHECK(opened.store.append({settled(i)}) == 2 + i);
  CHECK(run_until(loop, [&] { return opened.last() == 101; }));
  CHECK(std::is_sorted(opened.numbers.begin(), opened.numbers.end()));
  CHECK(state->syncs < 50);
  CHECK(opened.troubles.empty());
  // Durable: the rows can be read by whoever is told, and a replay gives all of it.
  check_rows(scratch.path, 100);
  CHECK(replayed(scratch.path).size() == 103);
  CHECK(workloads_on_disk({scratch.path}) == std::vector{workload});
}

TEST_CASE("what nobody waits for shares a sync with what comes later, and is never left behind") {
  const Scratch scratch;
  Loop loop;
  const auto state = std::make_shared<DiskState>();
  Opened opened(loop, scratch.path, 1, disk_of(state));
  opened.store.append(beginning(), false);
  CHECK(run_until(loop, [&] { return opened.last() == 1; }));  // by itself, a little later
  const int before = state->syncs;
  for (std::uint32_t i = 0; i < 100; ++i) opened.store.append({settled(i)}, false);
  SUBCASE("nobody ever does") {}
  SUBCASE("somebody does now") { opened.store.hurry(); }
  SUBCASE("somebody waits for the next") { opened.store.append({ClockRead{1}}); }
  CHECK(run_until(loop, [&] { return opened.last() >= 101; }));
  CHECK(state->syncs - before < 20);
  opened.store.hurry();  // for nothing
  const auto last = opened.store.append({ClockRead{2}}, false);
  CHECK(run_until(loop, [&] { return opened.last() == last; }));
  check_rows(scratch.path, 100);
}

TEST_CASE("the rows: lost and failed tasks, gaps, a later result in the place of an earlier") {
  const Scratch scratch;
  Loop loop;
  {
    Opened opened(loop, scratch.path);
    opened.store.append(beginning());
    opened.store.append({settled(5, TaskState::failed),
                         TaskLost{{{workload, 9}, 3, 1}, WorkerId{1}},
                         settled(2, TaskState::failed), settled(2)});
  }  // the end writes what is left
  const auto rows = read_workload({scratch.path}, workload).rows;
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].first == 2);
  CHECK(rows[0].second.result.state == TaskState::done);
  CHECK(rows[1].second.result.state == TaskState::failed);
  CHECK(rows[1].second.result.signal == 9);
  CHECK(rows[1].second.result.message == "killed");
  CHECK(rows[1].second.result.columns == "{\"rate\":5}");
  CHECK(rows[2].first == 9);
  CHECK(rows[2].second.result.state == TaskState::lost);
  CHECK(rows[2].second.host == "node1");
  CHECK_FALSE(rows[2].second.result.message.empty());
  ResultRows one_by_one({scratch.path}, workload);
  CHECK(one_by_one.end() == 10);
  CHECK(one_by_one.row(9)->host == "node1");
  CHECK(one_by_one.row(2)->result.state == TaskState::done);  // against the order
  CHECK_FALSE(one_by_one.row(3));
  CHECK_FALSE(one_by_one.state(10));
  CHECK(one_by_one.state(5) == TaskState::failed);
  CHECK(count_settled({scratch.path}, workload).failed == 2);
  CHECK(count_settled({scratch.path}, workload).all() == 3);
  CHECK(count_settled({scratch.path}, WorkloadId{8}).all() == 0);
  CHECK(has_settled({scratch.path}, {workload, 2}));
  CHECK(has_settled({scratch.path}, {workload, 9}));
  CHECK_FALSE(has_settled({scratch.path}, {workload, 3}));   // a gap
  CHECK_FALSE(has_settled({scratch.path}, {workload, 10}));  // behind the end
  CHECK_FALSE(has_settled({scratch.path}, {WorkloadId{8}, 0}));
  CHECK(read_spec({scratch.path}, workload) == std::get<WorkloadAdded>(added()).spec);
  CHECK(error_of([&] { read_workload({scratch.path}, WorkloadId{8}); }).code() == Exit::usage);
}

TEST_CASE(
    "a full disk: trouble is told once, nothing is acknowledged, all comes when there is room") {
  const Scratch scratch;
  Loop loop;
  const auto state = std::make_shared<DiskState>();
  Opened opened(loop, scratch.path, 1, disk_of(state));
  opened.store.append(beginning());
  REQUIRE(run_until(loop, [&] { return opened.last() == 1; }));
  SUBCASE("at once") { state->room = 0; }
  SUBCASE("in the midst of a record") { state->room = 100; }
  SUBCASE("in the tables") { state->room = 100 * 140; }
  SUBCASE("the sync fails") { state->sync_error = EIO; }
  SUBCASE("quota") { state->write_error = EDQUOT; }
  for (std::uint32_t i = 0; i < 100; ++i) opened.store.append({settled(i)});
  REQUIRE(run_until(loop, [&] { return !opened.troubles.empty(); }));
  run_for(loop, 70 * millisecond);  // three more attempts
  CHECK(opened.last() < 101);
  CHECK(opened.troubles.size() == 1);
  CHECK(opened.troubles[0].find(scratch.path) != std::string::npos);
  const auto acknowledged = opened.last();
  CHECK(replayed(scratch.path).size() >= 3 + (acknowledged - 1));

  state->room = 1 << 30;
  state->sync_error = 0;
  state->write_error = 0;
  CHECK(run_until(loop, [&] { return opened.last() == 101; }));
  CHECK(opened.troubles.size() == 2);
  CHECK(opened.troubles.back().empty());
  check_rows(scratch.path, 100);
  CHECK(replayed(scratch.path).size() == 103);
}

TEST_CASE("a disk that hangs does not hold the loop") {
  const Scratch scratch;
  Loop loop;
  Disk slow;
  slow.sync_data = [](int) { return usleep(100'000); };
  Opened opened(loop, scratch.path, 1, slow);
  const auto begun = loop.now();
  for (std::uint32_t i = 0; i < 1000; ++i) opened.store.append({settled(i)});
  CHECK(loop.now() - begun < 90 * millisecond);
  CHECK(run_until(loop, [&] { return opened.last() == 1000; }));
}

TEST_CASE("a restart knows the hosts, and mends tables that a crash left behind") {
  const Scratch scratch;
  const StateDirectory state{scratch.path};
  Loop loop;
  {
    Opened opened(loop, scratch.path);
    opened.store.append(beginning());
    for (std::uint32_t i = 0; i < 40; ++i) opened.store.append({settled(i)});
  }
  SUBCASE("nothing is missing: nothing is written") {
    const auto rows = read_file(state.workload(workload) + "/rows");
    const auto texts = read_file(state.workload(workload) + "/texts");
    { Opened(loop, scratch.path, 2).store.recall(); }
    CHECK(read_file(state.workload(workload) + "/rows") == rows);
    CHECK(read_file(state.workload(workload) + "/texts") == texts);
  }
  SUBCASE("the last rows are missing") {
    REQUIRE(truncate((state.workload(workload) + "/rows").c_str(), 80 * 30 + 17) == 0);
  }
  SUBCASE("texts are missing") {
    REQUIRE(truncate((state.workload(workload) + "/texts").c_str(), 40) == 0);
  }
  SUBCASE("a row is damaged") {
    const Fd file(open((state.workload(workload) + "/rows").c_str(), O_WRONLY));
    REQUIRE(pwrite(file.get(), "xxx", 3, 80 * 11 + 5) == 3);
  }
  SUBCASE("the spec is cut short") {
    REQUIRE(truncate((state.workload(workload) + "/spec").c_str(), 5) == 0);
  }
  SUBCASE("all is missing") { remove_tree(state.workloads()); }
  {
    Opened opened(loop, scratch.path, 2);
    opened.store.recall();
    for (std::uint32_t i = 40; i < 50; ++i) opened.store.append({settled(i)});
    CHECK(run_until(loop, [&] { return opened.last() == 10; }));
  }
  check_rows(scratch.path, 50);
}

TEST_CASE("a store that ends takes back what it wanted to say") {
  const Scratch scratch;
  Loop loop;
  int calls = 0;
  {
    Store store(
        loop, {scratch.path}, 1, [&](std::uint64_t) { ++calls; }, [](const std::string&) {});
    store.append(beginning());
  }
  run_for(loop, 10 * millisecond);
  CHECK(calls == 0);
  CHECK(replayed(scratch.path).size() == 3);
}
