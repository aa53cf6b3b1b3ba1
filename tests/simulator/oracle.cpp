// Knows what really ran, and holds the journal to it.
// SPDX-License-Identifier: MIT
#include "tests/simulator/oracle.hpp"

namespace pcluster::sim {
namespace {

// The attempt whose result a record keeps, if it keeps one.
const AttemptId* about(const Record& record) {
  if (const auto* settled = std::get_if<TaskSettled>(&record)) return &settled->result.attempt;
  if (const auto* failed = std::get_if<TaskFailedOnce>(&record)) return &failed->result.attempt;
  return nullptr;
}

}  // namespace

void Oracle::planned(const std::string& nonce, WorkloadSpec spec) {
  specs_[nonce] = std::move(spec);
}

// ---------------------------------------------------------------- the world

void Oracle::started(const AttemptId& attempt, WorkerId worker, const std::string& nonce,
                     const std::string& trial) {
  const Command command{nonce, attempt.task.index};
  if (!runs_.emplace(std::pair(attempt, worker), Run{command, trial}).second)
    fail("attempt " + to_string(attempt) + " started twice at " + to_string(worker));
  const auto spec = specs_.find(nonce);
  if (spec == specs_.end()) return fail("an unknown command was started");
  const auto expected = trial_value(spec->second.trials, attempt.task.index);
  const auto& on = spec->second.on;
  if (!on.empty() && on.at(attempt.task.index) != worker)
    fail("task " + to_string(attempt) + " started at " + to_string(worker) + ", not at its own");
  if (trial != expected)
    fail("task " + to_string(attempt) + " got trial '" + trial + "', not '" + expected + "'");
  ++all_starts_;
  if (++starts_[command] > 1 + excuses_[command])
    fail("task " + to_string(attempt) + " runs again, and nothing had happened to it");
}

void Oracle::ranks_run(const AttemptId& attempt, WorkerId head) {
  if (!runs_.contains({attempt, head})) fail("ranks of " + to_string(attempt) + " have no head");
  ++gangs_;
}

void Oracle::ended(const AttemptId& attempt, WorkerId worker, TaskState state) {
  auto& run = runs_[{attempt, worker}];
  run.ended = true;
  run.state = state;
}

// ---------------------------------------------------------------- the journal

void Oracle::excuse(const Command& command) { ++excuses_[command], ++all_excuses_; }

void Oracle::excuse(const TaskId& task, bool again) {
  if (!again) excuse({nonces_[task.workload], task.index});
}

void Oracle::count_loss(const TaskId& task, bool again) {
  excuse(task, again);
  if (!again) ++losses_[{nonces_[task.workload], task.index}];
}

void Oracle::count_gone(const WorkerGone& gone, bool again) {
  for (const auto& [worker, task] : just_returned_)
    if (worker == gone.worker) excuse(task, again);
  for (const auto& [task, workers] : out_)
    if (workers.contains(gone.worker)) count_loss(task, again);
  std::erase_if(out_, [&](const auto& entry) { return entry.second.contains(gone.worker); });
  // What it had and the journal did not know went with it.
  if (again) return;
  std::erase_if(unrecorded_, [&](const auto& entry) {
    if (entry.second == gone.worker) excuse(entry.first);
    return entry.second == gone.worker;
  });
}

// `again`: the launcher has died, and what survived is gone through once more.
void Oracle::track(const Record& record, bool again) {
  if (const auto* gone = std::get_if<WorkerGone>(&record)) count_gone(*gone, again);
  if (const auto* added = std::get_if<WorkloadAdded>(&record))
    nonces_[added->workload] = added->spec.task.argv.at(1);
  if (const auto* began = std::get_if<EpochBegan>(&record)) epoch_ = began->epoch;
  if (const auto* settled = std::get_if<TaskSettled>(&record))
    if (settled->result.state == TaskState::done) ++done_[settled->result.attempt.task.workload];
  if (const auto* assigned = std::get_if<TasksAssigned>(&record)) {
    for (const auto before : specs_[nonces_[assigned->workload]].after)
      if (assigned->epoch == epoch_ && done_[before] != task_count(specs_[nonces_[before]].trials))
        fail("workload " + to_string(assigned->workload) + " runs before what it comes after");
    for (auto i = assigned->first; i < assigned->first + assigned->count; ++i) {
      const TaskId task{assigned->workload, i};
      std::set<WorkerId> workers{assigned->worker};
      for (const auto& share : assigned->gang) workers.insert(share.worker);
      if (!out_.emplace(task, std::move(workers)).second)
        fail("task " + to_string(task) + " is given out twice");
    }
  }
  if (const auto* returned = std::get_if<TasksReturned>(&record)) {
    for (const auto& attempt : returned->attempts) {
      const auto found = out_.find(attempt.task);
      if (found == out_.end()) continue;
      for (const auto worker : found->second) {
        // Begun, and ended there with its job.
        const auto run = runs_.find({attempt, worker});
        if (run != runs_.end() && run->second.ended && run->second.state != TaskState::done)
          excuse(attempt.task, again);
        else
          just_returned_.emplace_back(worker, attempt.task);
      }
      // A part's worker leaves: the head may have begun meanwhile, and is told to end it.
      if (found->second.size() > 1) excuse(attempt.task, again);
      out_.erase(found);
    }
  } else if (!std::holds_alternative<TaskLost>(record)) {
    just_returned_.clear();
  }
  if (const auto* lost = std::get_if<TaskLost>(&record)) {
    out_.erase(lost->attempt.task);
    const auto& nonce = nonces_[lost->attempt.task.workload];
    if (specs_[nonce].on.empty() &&
        losses_[{nonce, lost->attempt.task.index}] < specs_[nonce].loss_retries)
      fail("task " + to_string(lost->attempt.task) + " was given up too early");
  }
  if (const auto* attempt = about(record)) out_.erase(attempt->task);
  if (const auto* failed = std::get_if<TaskFailedOnce>(&record)) {
    const auto& task = failed->result.attempt.task;
    failed->result.state == TaskState::lost ? count_loss(task, again) : excuse(task, again);
  }
}

void Oracle::appended(const Record& record) {
  records_.push_back(record);
  track(record, false);
  if (const auto* attempt = about(record)) on_its_way_.insert(*attempt);
}

void Oracle::durable(std::size_t records) {
  for (; durable_ < records; ++durable_) {
    settle(records_[durable_]);
    const auto* attempt = about(records_[durable_]);
    if (attempt != nullptr) on_its_way_.erase(on_its_way_.find(*attempt));
  }
}

void Oracle::gathered() {
  for (const auto& [command, worker] : std::exchange(unrecorded_, {})) excuse(command);
}

// A dropped assignment may have been acted on: should its worker not be back in time, or be head of
// a gang, that task may run elsewhere too.  A dropped cancel, whose answer nobody has had, may have
// ended what is to run after all.
void Oracle::survived(std::size_t records) {
  for (auto i = records; i < records_.size(); ++i) {
    if (const auto* assigned = std::get_if<TasksAssigned>(&records_[i]))
      for (auto k = assigned->first; k < assigned->first + assigned->count; ++k) {
        if (assigned->gang.empty())
          unrecorded_.push_back({{nonces_[assigned->workload], k}, assigned->worker});
        else
          excuse({assigned->workload, k}, false);
      }
    if (const auto* cancelled = std::get_if<WorkloadCancelled>(&records_[i])) {
      const auto tasks = task_count(specs_[nonces_[cancelled->workload]].trials);
      for (std::uint32_t k = 0; k < tasks; ++k) excuse({cancelled->workload, k}, false);
    }
  }
  durable(records);
  records_.resize(records);
  on_its_way_.clear();
  out_.clear();
  nonces_.clear();
  done_.clear();
  just_returned_.clear();
  for (const auto& record : records_) track(record, true);
}

void Oracle::settle(const Record& record) {
  if (const auto* added = std::get_if<WorkloadAdded>(&record)) {
    auto& work = works_[added->workload];
    if (!work.nonce.empty()) fail("workload " + to_string(added->workload) + " came twice");
    work.nonce = added->spec.task.argv.at(1);
    work.tasks = task_count(added->spec.trials);
  } else if (const auto* began = std::get_if<SubmitBegan>(&record)) {
    tokens_.insert(began->token);  // again, with the time of its command, when it had to wait
  } else if (const auto* joined = std::get_if<WorkerJoined>(&record)) {
    workers_.insert(joined->worker);
  } else if (const auto* settled = std::get_if<TaskSettled>(&record)) {
    settle_one(settled->result, settled->worker);
  } else if (const auto* failed = std::get_if<TaskFailedOnce>(&record)) {
    ran(failed->result, failed->worker);
    if (failed->result.state == TaskState::lost) return;
    if (!failed_once_.insert(failed->result.attempt).second)
      fail("the failure of " + to_string(failed->result.attempt) + " counts twice");
    const auto& task = failed->result.attempt.task;
    const auto& spec = specs_[works_[task.workload].nonce];
    if (failures_of(task) > spec.retries)
      fail(to_string(failed->result.attempt) + ": too many retries");
  } else if (const auto* lost = std::get_if<TaskLost>(&record)) {
    if (!settled_.insert(lost->attempt.task).second) fail("a settled task is lost");
    ++works_[lost->attempt.task.workload].settled;
  } else if (const auto* cancelled = std::get_if<WorkloadCancelled>(&record)) {
    if (cancelled->only.empty()) works_[cancelled->workload].cancelled = true;
    // Waiting tasks settle without a word; those that are out are told.
    for (const auto index : cancelled->only)
      works_[cancelled->workload].settled += !settled_.contains({cancelled->workload, index}) &&
                                             settled_.insert({cancelled->workload, index}).second;
  }
}

bool Oracle::ran(const TaskResult& result, WorkerId worker) {
  const auto run = runs_.find({result.attempt, worker});
  const auto name = to_string(result.attempt) + " at " + to_string(worker);
  if (run == runs_.end()) return fail(name + " has a result and never ran"), false;
  if (!run->second.ended) return fail(name + " has a result and has not ended"), false;
  if (run->second.command.first != works_[result.attempt.task.workload].nonce)
    return fail(name + " ran another workload's command"), false;
  // What a signal ended is a failure when the signal was that of a time limit.
  const bool ended_it = run->second.state == TaskState::cancelled ||
                        (run->second.state == TaskState::lost && result.state == TaskState::failed);
  const bool limit = specs_[run->second.command.first].task.time_limit > 0 && ended_it;
  const auto really = limit ? TaskState::failed : run->second.state;
  if (really != result.state) return fail(name + " did not end so"), false;
  return true;
}

std::uint32_t Oracle::failures_of(const TaskId& task) const {
  std::uint32_t count = 0;
  for (auto it = failed_once_.lower_bound({task, 0, 0}); it != failed_once_.end(); ++it) {
    if (it->task != task) break;
    ++count;
  }
  return count;
}

void Oracle::settle_one(const TaskResult& result, WorkerId worker) {
  const auto& task = result.attempt.task;
  auto& work = works_[task.workload];
  const auto& spec = specs_[work.nonce];
  const bool may_cancel =
      cancelled_.contains(work.nonce) || spec.max_failures > 0 || !spec.after.empty();
  if (result.state == TaskState::cancelled) {
    if (!may_cancel) fail("task " + to_string(task) + " was cancelled by nobody");
  } else {
    ran(result, worker);
  }
  if (result.state == TaskState::failed && !may_cancel && failures_of(task) != spec.retries)
    fail("task " + to_string(task) + " has tries of its own left, and failed");
  if (result.state == TaskState::lost && losses_[{work.nonce, task.index}] < spec.loss_retries)
    fail("task " + to_string(task) + " was given up too early");
  if (settled_.insert(task).second)
    ++work.settled;
  else if (!may_cancel)
    fail("task " + to_string(task) + " settled twice");
  if (result.state == TaskState::done) ++work.done;
}

}  // namespace pcluster::sim
