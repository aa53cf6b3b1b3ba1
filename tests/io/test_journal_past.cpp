// The journal of a past version, as it was kept: every kind of record is read, whatever was added
// to the records since.  PCLUSTER_UPDATE_GOLDEN=1 writes that of this version.
// SPDX-License-Identifier: MIT
#include <cstdlib>

#include "launcher/io/segment.hpp"
#include "launcher/io/store.hpp"
#include "launcher/model/codec.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

const std::string kept = std::string(PCLUSTER_SOURCE) + "/tests/io/journals";

// One of each kind, in the order of the sum.
std::vector<Record> history() {
  PoolAsked pool{PoolId{1}, "night", {}, 3, 3600 * second, 600 * second};
  pool.spec.adapter = "slurm";
  pool.spec.partition = "16GBXL";
  pool.spec.per_node = {4, 16000, 1};
  pool.spec.setup = {"module load neuron"};
  WorkerJoined joined{WorkerId{2}, "k3x9", "12_0", "node7", "a1b2", {4, 16000, 1}, 4, 1000};
  WorkloadAdded added{WorkloadId{7}, {}, 2000};
  added.spec.verb = "map";
  added.spec.task.argv = {"python", "trial.py", "{trial}"};
  added.spec.trials = TrialRange{0, 99, 1};
  TaskResult result;
  result.attempt = {{WorkloadId{7}, 42}, 2, 1};
  result.state = TaskState::done;
  result.columns = "{\"rate\":1.5}";
  auto failed = result;
  failed.state = TaskState::failed;
  failed.exit_code = 3;
  failed.message = "ended with 3";
  return {EpochBegan{1, 1},
          pool,
          SubmitBegan{"k3x9", PoolId{1}, 3, 900},
          SubmitAnswered{"k3x9", {"12_0", "12_1", "12_2"}},
          SubmitRefused{"k3xa", "no such partition", "see sinfo"},
          JobEnded{"12_1", "COMPLETED", "done"},
          joined,
          WorkerGone{WorkerId{2}, "its job ended"},
          added,
          TasksAssigned{WorkerId{2}, WorkloadId{7}, 40, 3, 2, 1, {{WorkerId{2}, 4, 4}}},
          TasksReturned{{{{WorkloadId{7}, 41}, 2, 1}}},
          TaskSettled{result, WorkerId{2}},
          TaskFailedOnce{failed, WorkerId{2}},
          WorkloadCancelled{WorkloadId{7}, {5, 6}, false},
          StopAsked{},
          TaskLost{{{WorkloadId{7}, 43}, 3, 1}, WorkerId{2}, "lost"},
          SubmitCancelled{"k3xb"},
          ClockRead{123'456},
          NodeExcluded{PoolId{1}, "node3", "it failed again and again"}};
}

void write_version(const std::string& directory) {
  std::string bytes;
  std::uint64_t sequence = 0;
  for (const auto& record : history()) append_record(bytes, {1, ++sequence}, encode(record));
  make_directories(directory);
  remove_tree(directory + "/00000001.log");
  append_file(directory + "/00000001.log", bytes);
}

}  // namespace

TEST_CASE("journals of past versions: each record says what it said") {
  REQUIRE(history().size() == std::variant_size_v<Record>);
  if (std::getenv("PCLUSTER_UPDATE_GOLDEN") != nullptr)
    write_version(kept + "/version-" + std::to_string(journal_version));
  const auto versions = list_directory(kept);
  CHECK(versions.size() == journal_version);  // raise one, keep the other
  for (const auto& version : versions) {
    CAPTURE(version);
    std::vector<Record> records;
    const auto report = replay_journal(kept + "/" + version,
                                       [&](const Record& record) { records.push_back(record); });
    CHECK(report.notes.empty());
    CHECK(report.last_epoch == 1);
    const auto wanted = history();
    REQUIRE(records.size() >= 19);  // of version 1; kinds that came since are not in it
    for (std::size_t i = 0; i < records.size(); ++i) {
      CAPTURE(i);
      CHECK(encode(records[i]) == encode(wanted[i]));  // what was added has its default in both
    }
  }
}
