// The worker's mind: keeps its slots busy from a local queue, holds results until the launcher says
// they are durable, and outlives lost connections.  Pure: no clock, no I/O, never throws.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>
#include "launcher/model/messages.hpp"

namespace pcluster {

// One task, ready to be started: its template with the trial filled in.
struct TaskStart {
  AttemptId attempt;
  std::string trial;
  std::vector<std::string> argv;
  std::string output;                  // path of `--output` with the trial filled in
  const TaskTemplate* task = nullptr;  // valid until Forget of its workload
  std::uint32_t slots = 1;             // how many of the worker's slots it takes; 0: beside them
  Resources share;                     // cores and memory that it may use
  std::vector<GangPart> gang;          // the head, which is this worker, first; empty: no gang
};

namespace act {
struct Send {
  FromWorker message;
};
struct Start {
  TaskStart task;
};
struct Signal {
  AttemptId attempt;
  int signal = 15;
};  // to the task's whole tree
// A part of another worker's gang has its slots: what that head starts for it may run there.
struct Seat {
  TaskStart part;
};
// End what runs of that part; then vacated() is said.
struct Vacate {
  AttemptId attempt;
};
// To the task's standard input, or its channel.
struct Feed {
  TaskInput input;
};
// What its client has of what it wrote to its channel, and takes.
struct Take {
  ChannelTaken taken;
};
struct SendAgain {};  // what channels hold: it may be lost with the last connection
struct Leave {
  std::string reason;
};               // end all tasks, then the process
struct Hang {};  // drop the connection and call again
}  // namespace act
using Act = std::variant<act::Send, act::Start, act::Signal, act::Seat, act::Vacate, act::Feed,
                         act::Take, act::SendAgain, act::Leave, act::Hang>;
using Acts = std::vector<Act>;

class Agent {
 public:
  struct Limits {
    Micros flush_after = 2 * millisecond;  // results wait for company so long at most, when busy
    // Between two reports that nobody waits for (agent_reports.cpp): of tasks shorter than `brief`,
    // and at most.
    Micros brief = 5 * millisecond, brief_gap = 100 * millisecond;
    Micros longest_gap = 3 * second;
    Micros company = 10 * millisecond, idle_company = 100 * millisecond;  // with a slot free
    std::uint32_t flush_count = 512;
    Micros kill_after = 5 * second;  // from TERM to KILL
    // The same for a task with ranks: those that are elsewhere end after their mpiexec has.
    Micros kill_ranks_after = 2500 * millisecond;
    // The job's end.  Within `warning` of it no more tasks are taken, and shortly before it those
    // that still run are ended and handed back.  By our own clock, or from warned() on.
    std::optional<Time> job_ends;
    Micros warning = 0;
    bool by_clock = false;
    Micros hand_back_before = 10 * second;
  };
  // `me` is the Hello of the first connection; the agent fills in what a resumed one adds.
  Agent(Hello me, Time now, Limits limits);
  ~Agent();

  Acts connected(Time now);  // says Hello
  Acts disconnected(Time now);
  Acts received(const ToWorker&, Time now);
  Acts finished(TaskResult, Time now);  // a started task ended, or could not start
  // For a resident that takes trials before it has answered: those that are next in turn, of the
  // workload of the one in its hands, which has the slots.  They have none, and count as not begun.
  std::vector<TaskStart> ahead(const AttemptId& in_hand, std::uint32_t most);
  // Its answers, in order; `next` is in its hands now, and has the slots of these.
  Acts answered(std::vector<TaskResult>, const std::optional<AttemptId>& next, Time now);
  Acts put_back(const std::vector<TaskStart>&, Time now);  // of ahead(): it never came to them
  Acts vacated(const AttemptId&, Time now);                // nothing of that part runs any more
  Acts wants_input(const InputWanted&, Time now);
  Acts wrote(ChannelBytes);              // to its channel; lost unless there is a connection
  Acts warned(Micros within, Time now);  // the job ends so soon; 0: not known when
  Acts job_ended(const std::string& reason, Time now);  // at once: hands all back, and leaves
  Acts tick(Time now);                                  // deadline() has come
  std::optional<Time> deadline() const;

  std::uint32_t running() const;
  std::optional<WorkerId> id() const;  // once welcomed
  void check() const;                  // asserts invariants

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pcluster
