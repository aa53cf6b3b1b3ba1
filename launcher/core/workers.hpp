// The workers: who is home, on which connection, and which tasks each has.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "launcher/core/core.hpp"

namespace pcluster {

// A worker that is killed is followed by another below the same guard, in the same job: "GUARD.1",
// then "GUARD.2".
bool comes_before(const std::string& incarnation, const std::string& other);

// The parts of a gang, its head's first.
using Gang = std::vector<GangShare>;

struct Held {  // a task that is out at a worker
  std::uint32_t number = 0;
  Epoch epoch = 0;
  std::uint32_t slots = 1;
  std::uint64_t order = 0;  // the worker starts them in the order in which they were given
  bool started = false;     // it said so
  Micros given_unix = 0;    // 0: in an earlier launcher's time
  Gang gang;                // of which it is the head; empty: all of it runs there
};

struct Lent {  // slots that a worker has given to a gang of another, its head
  WorkerId head{};
  std::uint32_t slots = 0;
  std::uint64_t order = 0;  // among the tasks that it has
};

struct Worker {
  WorkerJoined who;
  bool confined = false;
  Micros script_started_unix = 0;
  bool gone = false;               // given up: its tasks went to others
  std::optional<LinkId> link;      // its connection
  bool ready = false;              // has spoken since its Welcome: may be given tasks
  bool leaving = false;            // was told to stop: gets nothing any more
  bool retracting = false;         // a Retract is not answered yet
  bool draining = false;           // its job is to end: no more tasks, and those it has may end
  std::string ending;              // why its job ends soon, as it said; empty = it did not
  std::uint64_t ending_order = 0;  // of what was given last before it said so
  Time heard = 0;
  Micros ends_unix = 0;  // its job's end; 0 = not known or no limit
  Micros ends_said = 0;  // the same, as it knows it itself: where the scheduler's listing has none
  std::uint32_t load = 0;  // slots that its tasks and parts take, those that wait there included
  std::uint64_t tasks_done = 0;
  std::int32_t given_priority = 0;  // of what it was given last
  // As Workers::with_plenty() has it; first 0: it is not there.
  std::pair<std::uint32_t, std::int32_t> plenty{};
  std::uint32_t counted_over = 0;  // in Workers::over()
  std::map<TaskId, Held> held;
  std::map<AttemptId, Lent> lent;
  std::set<WorkloadId> defined;  // on this connection
  std::set<WorkloadId> knows;    // ever: to be told to forget
  // Of its last Hello, and of its pool then: what a gang has to know of it.
  PoolId pool{};
  bool job_alone = false;  // its site wants no gang to have workers of several jobs
  std::vector<std::string> addresses;
  std::uint16_t port = 0;        // 0: it can be in no gang
  std::uint16_t relay_port = 0;  // where it hands connections on to us; 0 = nowhere
  std::string route;             // by which it came
  bool doubted = false;  // the head of a gang could not reach it, and it has not spoken since

  WorkerId id() const { return who.worker; }
  std::uint32_t slots() const { return who.slots; }
  std::uint32_t free() const {
    return ready && !draining && load < who.slots ? who.slots - load : 0;
  }
  std::uint32_t over() const { return ready && load > who.slots ? load - who.slots : 0; }
  bool busy() const { return !held.empty() || !lent.empty(); }
  std::vector<std::pair<TaskId, Held>> in_order() const;
  std::uint32_t slots_up_to(std::uint64_t order) const;  // of all that it was given until then
};

class Workers {
 public:
  Worker& join(const WorkerJoined&);  // or comes back under its id
  Worker* find(WorkerId);
  const Worker* find(WorkerId) const;
  Worker* find(LinkId);
  Worker* find(const std::string& incarnation);
  // Of the workers below the same guard, which live one after the other, the newest.
  Worker* last_below_guard_of(const std::string& incarnation);
  WorkerId next() const { return WorkerId{next_}; }
  void pass_over(WorkerId used) { next_ = std::max(next_, static_cast<std::uint32_t>(used) + 1); }
  const std::map<WorkerId, Worker>& all() const { return all_; }
  std::map<WorkerId, Worker>& all() { return all_; }

  void connect(Worker&, LinkId);
  void disconnect(Worker&);
  void hold(Worker&, const TaskId&, Held);  // the other parts of its gang are lent
  bool release(Worker&, const AttemptId&);  // false when it does not have exactly this
  // Parts whose gangs need them no more: since the last call.
  std::vector<std::pair<WorkerId, AttemptId>> take_released() {
    return std::exchange(released_, {});
  }
  std::uint64_t order() const { return order_; }  // of what was given last
  Worker* holder(const AttemptId&);
  void give_up(Worker&);  // it is gone
  bool all_gone() const { return living_ == 0; }
  void learns(Worker&, WorkloadId);   // it is given something of this, or a part
  bool forgets(Worker&, WorkloadId);  // false when it did not know it
  // In their order, those who know this workload: all that have something of it among them.
  std::vector<WorkerId> who_knows(WorkloadId) const;
  std::vector<WorkerId> of_job(const std::string& job_id) const;  // those that are gone too
  void likely_holder(WorkerId id) { last_holder_ = id; }          // of what holder() is asked next
  void changed(Worker&);  // its load or readiness did, or what it was given

  const std::set<WorkerId>& with_free() const { return with_free_; }  // free slots
  const std::set<WorkerId>& with_over() const { return with_over_; }  // more tasks than slots
  const std::set<WorkerId>& to_empty() const { return to_empty_; }    // those too, and they drain
  // Those with more tasks than slots who are not asked for some already; last who has most for
  // each of its slots, as far as twice as many are more.
  const std::set<std::pair<std::uint32_t, WorkerId>>& with_plenty() const { return with_plenty_; }
  // The same, first whose last is of the least priority.
  const std::set<std::pair<std::int32_t, WorkerId>>& by_priority() const { return by_priority_; }
  std::uint32_t plenty_slots() const { return plenty_slots_; }  // that those have
  std::uint64_t over() const { return over_; }  // in slots, what all have above theirs
  std::uint32_t ready_slots() const { return ready_slots_; }
  std::uint32_t ready_workers() const { return static_cast<std::uint32_t>(ready_.size()); }
  const std::set<WorkerId>& ready() const { return ready_; }          // but those that drain
  const std::set<WorkerId>& can_relay() const { return can_relay_; }  // of those
  std::size_t relay_hosts() const { return relay_hosts_.size(); }     // on so many hosts
  // Whether can_relay() is another since the last call.
  bool relays_changed() { return std::exchange(relays_changed_, false); }

 private:
  void rank(Worker&);

  std::map<WorkerId, Worker> all_;
  std::unordered_map<LinkId, WorkerId> links_;
  std::unordered_map<std::string, WorkerId> incarnations_;
  std::unordered_map<std::string, WorkerId> guards_;  // the newest worker of each
  std::unordered_map<std::string, std::vector<WorkerId>> of_job_;
  std::map<WorkloadId, std::set<WorkerId>> who_knows_;
  std::map<std::string, std::uint32_t> relay_hosts_;  // how many of can_relay_ each has
  // Where tasks were found that somebody asked for: a channel's again and again.
  std::map<TaskId, WorkerId> found_;
  std::vector<std::pair<WorkerId, AttemptId>> released_;
  std::set<WorkerId> ready_, with_free_, with_over_, to_empty_, can_relay_;
  std::set<std::pair<std::uint32_t, WorkerId>> with_plenty_;
  std::set<std::pair<std::int32_t, WorkerId>> by_priority_;
  bool relays_changed_ = false;
  std::uint32_t next_ = 0, ready_slots_ = 0, plenty_slots_ = 0, living_ = 0;
  std::uint64_t order_ = 0, over_ = 0;
  WorkerId last_holder_{};
};

}  // namespace pcluster
