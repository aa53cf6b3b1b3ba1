// What the agent knows (private to agent*.cpp).  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "mpi-runtime/agent.hpp"

namespace pcluster {

using Template = std::shared_ptr<const TaskTemplate>;

struct Waiting {
  AttemptId attempt;
  std::string trial;
  Template task;
  std::uint32_t slots = 1;
  Resources share;
  std::vector<GangPart> gang;
  bool lent = false;  // a part of another worker's gang
};

struct LentSlots {
  Template task;
  std::uint32_t slots = 1;
  bool ends = false;  // to be vacated
};

struct Running {
  Template task;  // outlives a Forget or a new Define of its workload
  std::uint32_t slots = 1;
  std::optional<Time> limit, kill;  // when to send TERM, when to send KILL
  bool cancelled = false, timed_out = false;
  std::optional<InputWanted> wanted;  // of its input, as it was said last
  bool split = false;                 // some of its ranks are at other workers
};

inline bool is_ahead(const Running& one) { return one.slots == 0 && one.task->resident; }

TaskResult not_run(const AttemptId&, TaskState, std::string message);

struct Agent::State {
  State(Hello hello, Time now, Limits given)
      : me(std::move(hello)), limits(given), free(me.slots), alone_since(now) {
    if (limits.by_clock && limits.job_ends) expect_end(*limits.job_ends, now);
  }

  Hello me;
  Limits limits;
  std::uint32_t free;
  std::map<WorkloadId, Template> templates;
  std::deque<Waiting> queue;
  std::map<AttemptId, Running> running;
  std::size_t ahead_out = 0;            // of these: residents have them, and have not come to them
  std::map<AttemptId, LentSlots> lent;  // those that have their slots

  // Results in the order of their numbers: those up to `sent` went out on this connection.
  std::deque<TaskResult> results;
  std::uint64_t first_result = 1, sent = 0;
  Time oldest_unsent = 0;
  bool hurry = false;   // one of the unsent should not wait for others
  Micros briefest = 0;  // the shortest wall of the unsent
  Time reported = 0;    // when results went last
  std::size_t low = 0;  // with so few tasks waiting here they go, so that more come in time
  bool fed = false;     // tasks came since
  Micros pace = 0;      // of the last Assign
  std::vector<AttemptId> started;  // not yet told

  bool linked = false;    // a connection stands
  bool welcomed = false;  // on this connection, by a launcher that is not outdated
  bool left = false;
  Time alone_since, heard = 0, beat_at = 0;
  Micros heartbeat = Welcome{}.heartbeat, orphan_timeout = Welcome{}.orphan_timeout;

  // The job's end (agent_end.cpp).
  std::optional<Time> ends, warn_at, hand_back_at, bye_at;
  std::string ending;  // why; said: no more tasks
  bool handing_back = false;
  std::vector<AttemptId> handed_back;  // ended for the job's end

  std::uint64_t last_result() const { return first_result + results.size() - 1; }
  bool unsent() const { return last_result() > sent; }
  std::size_t waiting() const { return queue.size() + ahead_out; }
  Time flush_at() const;           // when they go at the latest
  Micros gap() const;              // between two reports that nobody waits for
  bool more_of(WorkloadId) const;  // waits or runs here
  bool idle() const;

  void on(const Welcome&, Time, Acts&);
  void on(const Define&, Time, Acts&);
  void on(const Assign&, Time, Acts&);
  void on(const Retract&, Time, Acts&);
  void on(const CancelTasks&, Time, Acts&);
  void on(const Ack&, Time, Acts&);
  void on(const Forget&, Time, Acts&);
  void on(const StopWorker&, Time, Acts&);
  void on(const Lend&, Time, Acts&);
  void on(const Release&, Time, Acts&);
  void on(const TaskInput&, Time, Acts&);
  void on(const ChannelTaken&, Time, Acts&);

  void settle(TaskResult, Time);  // frees no slot
  void start(Time, Acts&);
  void run(Waiting, Time, Acts&);
  void seat(Waiting, Acts&);
  Waiting to_wait(const Assignment&, std::uint32_t offset, Epoch, Template) const;
  Micros patience(const TaskTemplate& task) const {  // with one that was sent TERM
    return task.ranks > 0 ? limits.kill_ranks_after : limits.kill_after;
  }
  void keep(TaskResult, Time);  // until it is acknowledged
  void flush(Time, Acts&);      // if it is time
  void report(Acts&);           // what is unsent, now
  void leave(const std::string& reason, Acts&);
  void beat(Time, Acts&);
  void beat_unless_known(Time, Acts&);
  void enforce(Time, Acts&);  // time limits, and KILL after TERM
  void expect_end(Time end, Time now);
  void say_leaving(Time, Acts&);
  void take_no_more(const std::string& reason, Time, Acts&);
  void hand_back(Time, Acts&);
  void look_at_end(Time, Acts&);  // what is due
  void depart(Time, Acts&);       // if nothing keeps it here
  std::optional<Time> deadline() const;
};

}  // namespace pcluster
