// The whole cluster under a virtual clock: the real core, the real agents and the real codec, with
// simulated connections, disk, scheduler, tasks and users around them.
// SPDX-License-Identifier: MIT
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "launcher/core/core.hpp"
#include "mpi-runtime/agent.hpp"
#include "tests/simulator/oracle.hpp"
#include "tests/simulator/plan.hpp"
#include "tests/simulator/scheduler.hpp"

namespace pcluster::sim {

struct Link {
  LinkId id{};
  std::size_t worker = 0;
  bool open = true;
  bool closing = false;  // the launcher closed it: what it sent before still arrives
  bool silent = false;   // nothing arrives any more, in either direction, and nobody is told
  Time last_up = 0, last_down = 0;
};

struct SimTask {
  std::uint64_t run = 0;
  TaskState will = TaskState::done;
  bool deaf = false;  // to TERM
  Time started = 0;
  std::uint32_t slots = 0;
  std::vector<GangPart> gang;
  Micros wall = 0;
  bool ranks_run = false;             // all parts have been reached
  std::vector<WorkerId> unreachable;  // why it was lost
};

struct SimSeat {  // of a part
  std::uint32_t slots = 0;
  bool vacating = false;
};

struct SimWorker {
  std::unique_ptr<Agent> agent;
  std::string job_id;
  Hello me;
  unsigned life = 1;  // of those below its guard
  bool alive = true;
  std::optional<LinkId> link;
  std::map<AttemptId, SimTask> tasks;
  std::map<AttemptId, SimSeat> seats;
  Time alone_until = 0;                                      // no other worker reaches it before
  std::map<std::uint64_t, std::vector<AttemptId>> reported;  // by the sequence of the report
  std::uint64_t ticks = 0;
};

struct SimUser {  // one workload of the plan, from the wish to its end
  const PlannedWork* work = nullptr;
  std::string nonce;
  std::optional<WorkloadId> id;
  std::uint64_t asked_in = 0;  // the launcher's life that was asked last
  int tries = 0;
  bool cancel_sent = false, done = false;
  Time added = 0, began = 0;  // its first task
};

struct Outcome {
  std::string wrong;  // empty = all is well
  std::uint64_t hash = 0;
  std::size_t tasks = 0, starts = 0, excuses = 0, launchers = 0, workers = 0, messages = 0;
  Time ended = 0;
  std::size_t gangs = 0;      // whose ranks ran
  std::vector<Micros> waits;  // of each workload of the plan, for its first task
};

class World {
 public:
  World(std::uint64_t seed, bool trace) : World(seed, trace, make_plan(seed)) {}
  World(std::uint64_t seed, bool trace, Plan);
  Outcome run();

 private:
  // launcher.cpp: the shell around the core, its disk and its death
  void start_launcher();
  void crash_launcher();
  void stall_launcher(Micros);
  void say(Event);
  void perform(Effects);
  void perform(const Effect&);
  void release();
  void sync();
  void arm_launcher();
  void to_client(const Reply&, ClientId);
  void submit(const effect::Launch&);
  void look_up(const effect::LookUp&);
  void mind_manners(const effect::Launch&);
  void poll(const effect::Poll&);
  void leave_behind();  // after Quit: what is alive still?

  // workers.cpp: nodes, their agents, tasks and connections
  void start_worker(const SimJob&);
  Agent::Limits limits_of(const SimJob&);
  void expect_end(std::size_t worker);
  void connect(std::size_t worker);
  void cut(LinkId, const std::string& reason);
  void close_above(Link&);
  void lose_link(std::size_t worker, LinkId);
  void kill_worker(std::size_t worker, bool followed = false);
  void follow_worker(std::size_t dead);
  void add_worker(const SimJob&, const Hello&, unsigned life);
  void send_up(Link&, const FromWorker&);
  void send_down(Link&, const ToWorker&);
  void act(std::size_t worker, Acts);
  void act_one(std::size_t worker, const Act&);
  void start_task(std::size_t worker, const TaskStart&);
  void end_task(std::size_t worker, const AttemptId&, std::uint64_t run, Micros wait);
  void arm_worker(std::size_t worker);

  // gangs.cpp: heads reach parts, and lose them
  void reach_parts(std::size_t head, const AttemptId&, std::uint64_t run, Time give_up);
  void lose_parts(std::size_t worker);  // all heads that have a part there
  void lose_gang(std::size_t head, const AttemptId&, WorkerId unreachable);
  void seat(std::size_t worker, const TaskStart& part);
  void vacate(std::size_t worker, const AttemptId&);
  void isolate(std::size_t worker, Micros);
  void count_slots(std::size_t worker);

  // users.cpp: who asks for jobs, runs workloads, cancels them, and stops the cluster
  void ask_for_jobs();
  void scale_at_random();
  void drive(std::size_t user);
  bool may_add(const PlannedWork&) const;
  void add_workload(std::size_t user);
  void ask(ClientId, Request);
  void stop_when_done();
  void faults();

  std::string stuck() const;
  void fail(const std::string& what);
  void note(const std::string& text);  // goes into the history's hash, and the trace
  Micros unix_now() const { return unix_start + clock_.now; }

  std::uint64_t seed_;
  bool trace_;
  Plan plan_;
  Chance chance_;
  Clock clock_;
  Oracle oracle_;
  Scheduler scheduler_;

  std::unique_ptr<Core> core_;
  std::uint64_t life_ = 0;  // counts the launcher's starts and deaths
  Epoch epoch_ = 0;
  std::vector<std::string> journal_;
  std::size_t durable_ = 0;
  bool asleep_ = false;
  std::vector<Event> at_the_door_;
  bool syncing_ = false, quit_ = false, stop_sent_ = false;
  struct Waiting {
    std::size_t records;
    std::vector<Effect> effects;
  };
  std::deque<Waiting> barrier_;
  std::uint64_t arms_ = 0;

  std::map<LinkId, Link> links_;
  std::uint64_t next_link_ = 1, next_run_ = 1;
  std::vector<std::unique_ptr<SimWorker>> workers_;
  std::vector<SimUser> users_;
  std::map<std::string, const PlannedWork*> works_;  // by nonce
  std::map<std::string, TrialLines> lines_;          // trial files, by name
  std::map<std::string, bool> may_launch_;  // by token: a look-up has said that there is none
  std::uint64_t stop_life_ = 0, last_life_ = 0;
  Time last_launch_ = 0, last_answer_ = 0;  // of submits
  bool over_ = false;

  std::string wrong_;
  std::uint64_t hash_ = 1469598103934665603u;
  std::size_t messages_ = 0;
};

}  // namespace pcluster::sim
