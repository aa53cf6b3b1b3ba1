// The output of tasks on its way into the worker's spool: in batches, bounded, and honest about
// what a full disk swallowed. SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>
#include "launcher/io/loop.hpp"
#include "launcher/io/spool.hpp"
#include "launcher/model/result.hpp"

namespace pcluster {

class TaskOutput {
 public:
  TaskOutput(Loop&, std::function<void(const std::string&)> say);
  ~TaskOutput();
  void open(const std::string& directory, const std::string& name, Disk = {});  // throws Error
  bool is_open() const { return spool_ != nullptr; }
  // `soon`: somebody waits for an answer.
  void write(const AttemptId&, Stream, std::string_view bytes, bool soon = false);
  void flush();
  // Before their report leaves: results whose output is not in the spool now say so.
  void vouch_for(std::vector<TaskResult>&);
  void forget(WorkloadId);

 private:
  void flush_later(Micros delay);

  Loop& loop_;
  std::function<void(const std::string&)> say_;
  std::unique_ptr<SpoolWriter> spool_;
  std::optional<TimerId> timer_;
  Time timer_at_ = 0;
  std::vector<AttemptId> unflushed_;
  std::set<AttemptId> cut_;  // some of their output was dropped
  std::string trouble_;      // of the last flush
};

}  // namespace pcluster
