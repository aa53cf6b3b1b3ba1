// The output of tasks on its way into the worker's spool: in batches, bounded, and honest about
// what a full disk swallowed. SPDX-License-Identifier: MIT
#include "mpi-runtime/output.hpp"

#include <algorithm>

#include "launcher/base/error.hpp"

namespace pcluster {
namespace {

constexpr std::size_t batch = 256 << 10;    // then it is written at once: the tasks wait for it
constexpr std::size_t most_kept = 4 << 20;  // while the disk is full; more is dropped
constexpr Micros flush_after = second / 2;  // `logs` sees it so soon
constexpr Micros flush_soon = 10 * millisecond;
constexpr std::size_t most_cut_named = 100'000;

}  // namespace

TaskOutput::TaskOutput(Loop& loop, std::function<void(const std::string&)> say)
    : loop_(loop), say_(std::move(say)) {}

TaskOutput::~TaskOutput() {
  if (timer_) loop_.cancel(*timer_);
}

void TaskOutput::open(const std::string& directory, const std::string& name, Disk disk) {
  spool_ = std::make_unique<SpoolWriter>(directory, name, std::move(disk));
}

void TaskOutput::write(const AttemptId& attempt, Stream stream, std::string_view bytes, bool soon) {
  if (!spool_ || (!trouble_.empty() && spool_->buffered() > most_kept)) {
    if (cut_.size() < most_cut_named) cut_.insert(attempt);
    return;
  }
  spool_->append(attempt, stream, bytes);
  if (unflushed_.empty() || unflushed_.back() != attempt) unflushed_.push_back(attempt);
  if (trouble_.empty() && spool_->buffered() >= batch) return flush();
  flush_later(soon && trouble_.empty() ? flush_soon : flush_after);
}

void TaskOutput::flush_later(Micros delay) {
  const Time at = loop_.now() + delay;
  if (timer_ && timer_at_ <= at) return;
  if (timer_) loop_.cancel(*timer_);
  timer_at_ = at;
  timer_ = loop_.at(at, [this] {
    timer_.reset();
    flush();
  });
}

void TaskOutput::flush() {
  if (!spool_ || (spool_->buffered() == 0 && trouble_.empty())) return;
  try {
    spool_->flush();
    if (!trouble_.empty()) say_("output of tasks is written again");
    trouble_.clear();
    unflushed_.clear();
  } catch (const Error& error) {
    if (trouble_.empty())
      say_(std::string(error.what()) + "; tasks go on, it is tried again. " + error.hint());
    trouble_ = error.what();
    // Written, and then not to be had: nobody can write it again.
    if (spool_->sync_failed() && cut_.size() < most_cut_named)
      cut_.insert(unflushed_.begin(), unflushed_.end());
    flush_later(flush_after);
  }
}

void TaskOutput::vouch_for(std::vector<TaskResult>& results) {
  flush();
  if (trouble_.empty() && cut_.empty()) return;
  for (auto& result : results) {
    bool cut = cut_.contains(result.attempt);
    bool missing = !trouble_.empty() && std::find(unflushed_.begin(), unflushed_.end(),
                                                  result.attempt) != unflushed_.end();
    if (!cut && !missing) continue;
    if (!result.message.empty()) result.message += "; ";
    result.message += "its output was not kept whole: " +
                      (trouble_.empty() ? std::string("the spool could not be written") : trouble_);
  }
}

void TaskOutput::forget(WorkloadId workload) {
  std::erase_if(cut_, [workload](const AttemptId& id) { return id.task.workload == workload; });
}

}  // namespace pcluster
