// What must survive: the journal (append-only segments, CRC-32C per record) and the results tables
// made from it.  One writer thread does all of it, so that a file system that hangs never stops the
// loop; it syncs at once when no sync is in flight, and batches what came meanwhile.  What nobody
// waits for is synced with the next that somebody does, or a moment later.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>
#include "launcher/io/disk.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/io/state.hpp"
#include "launcher/model/records.hpp"

namespace pcluster {

struct ReplayReport {
  std::uint64_t records = 0, damaged_bytes = 0, damaged_places = 0;
  Epoch last_epoch = 0;
  std::vector<std::string> notes;  // for the log, a line each
};
// Every readable record of all segments, in order.  Damaged stretches are skipped and reported.
// Throws Error on a journal of a newer version, and when a file of it cannot be read.
ReplayReport replay_journal(const std::string& directory,
                            const std::function<void(const Record&)>& each);

class Store {
 public:
  // `durable(n)`: all appends up to the n-th are on disk.  `trouble(text)`: writing fails (disk
  // full, ...) and is tried again each second; `trouble("")`: it goes on.  Both are called in the
  // loop's thread.
  Store(Loop&, StateDirectory, Epoch, std::function<void(std::uint64_t)> durable,
        std::function<void(std::string)> trouble, Disk = {});
  ~Store();  // writes what is left, if it can
  // Once, before the first append: reads the journal of earlier epochs again.  It says which host a
  // worker is, and mends the results tables where a crash came between the journal and them.
  void recall();
  // Returns its number: 1, 2, ...  `awaited`: somebody is to be told when it is durable.
  std::uint64_t append(std::vector<Record> records, bool awaited = true);
  void hurry();  // what was appended is awaited now

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The results table of a workload: fixed-size rows at index x size, texts beside them.  Written by
// Store (as TaskSettled, TaskLost come), read by `results` and `logs` without a launcher.
struct ResultRow {
  TaskResult result;
  WorkerId worker{};
  std::string host;
};
struct WorkloadOnDisk {
  WorkloadSpec spec;
  Micros added_unix = 0;
  std::vector<std::pair<std::uint32_t, ResultRow>> rows;  // by index; missing = not settled
};
std::vector<WorkloadId> workloads_on_disk(const StateDirectory&);
WorkloadOnDisk read_workload(const StateDirectory&, WorkloadId);  // throws Error when unknown
WorkloadSpec read_spec(const StateDirectory&, WorkloadId);        // the same, without the rows
WorkloadAdded read_added(const StateDirectory&, WorkloadId);
bool has_settled(const StateDirectory&, const TaskId&);  // its row stands

}  // namespace pcluster
