// Many workers in calm weather: the real core, the real agents and the real codec, in simulated
// time.  Links are slow now and then, and the launcher's own time counts; nothing fails.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "launcher/core/core.hpp"
#include "mpi-runtime/agent.hpp"
#include "tests/simulator/clock.hpp"

namespace pcluster::sim {

struct FieldWork {
  std::uint32_t tasks = 0;
  std::function<Micros(std::uint32_t index)> wall;
  Time at = 0;  // after all workers are at home
  std::int32_t priority = 0;
  std::uint32_t cores = 0, ranks = 0;  // of a task; 0 = as if not said
};

struct FieldPlan {
  std::uint32_t workers = 1, slots = 1;
  std::vector<FieldWork> work;
  std::uint64_t seed = 1;
  Policy policy;
  // Of the launcher, by the goals for it; and from Start to a task's first instruction.
  Micros per_message = 2, per_task = 5, spawn = 300;
  std::uint32_t check_every = 0;  // events, the core's invariants; 0 = at the end alone
};

struct FieldOutcome {
  std::string wrong;  // empty = all is well
  std::size_t tasks = 0, messages = 0, retracts = 0;
  Time full_at = 0;              // 99 % of all slots were busy at once for the first time
  double busy = 0;               // of all slots, from then until the last task began
  Time began = 0, makespan = 0;  // of all work: added, from then to the last task's end
  std::vector<Time> first_start, last_end;  // of each work, since it was added
  double core_seconds = 0;                  // CPU of the core alone, from when work was added
  std::size_t core_events = 0;
  double busy_all = 0;  // of all slots, over the makespan
};

class Field {
 public:
  explicit Field(FieldPlan);
  FieldOutcome run();

 private:
  struct Worker {
    std::unique_ptr<Agent> agent;
    Time last_up = 0, last_down = 0;
    Time armed = 0;  // a tick comes then; 0 = none
    bool at_home = false;
  };
  void settle_in();
  void say(Event);
  void serve();
  void handle(const Event&);
  void perform(const std::vector<Effect>&);
  void perform(const Effect&);
  void to_worker(std::size_t worker, const ToWorker&);
  void to_client(const effect::SendClient&);
  void act(std::size_t worker, Acts);
  void start_task(std::size_t worker, const TaskStart&);
  void end_task(std::size_t worker, const TaskResult&, std::size_t work, std::uint32_t slots);
  void arm_worker(std::size_t worker);
  void arm_launcher();
  void begin(std::size_t work);
  void count(std::int64_t slots);
  Micros latency();
  void fail(const std::string& what) {
    if (outcome_.wrong.empty()) outcome_.wrong = what;
  }

  FieldPlan plan_;
  Chance chance_;
  Clock clock_;
  Core core_;
  std::vector<Worker> workers_;
  std::vector<std::string> job_ids_;
  std::string token_;
  FieldOutcome outcome_;
  std::vector<std::vector<bool>> started_;  // of each work, by index
  std::vector<bool> finished_;
  std::size_t at_home_ = 0, over_ = 0, events_ = 0;
  bool begun_ = false;
  std::deque<Event> door_;
  Time busy_until_ = 0, durable_at_ = 0, launcher_armed_ = 0;
  std::int64_t running_ = 0;
  double area_ = 0, area_full_ = 0, area_last_ = 0;
  Time area_at_ = 0, last_start_ = 0;
};

}  // namespace pcluster::sim
