// The workers: who is home, on which connection, and which tasks each has.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "launcher/core/core.hpp"

namespace pcluster {

struct Held {  // a task that is out at a worker
  std::uint32_t number = 0;
  Epoch epoch = 0;
  std::uint32_t slots = 1;
  std::uint64_t order = 0;  // the worker starts them in the order in which they were given
  bool started = false;     // it said so
  Micros given_unix = 0;    // 0: in an earlier launcher's time
};

struct Worker {
  WorkerJoined who;
  bool confined = false;
  Micros script_started_unix = 0;
  bool gone = false;           // given up: its tasks went to others
  std::optional<LinkId> link;  // its connection
  bool ready = false;          // has spoken since its Welcome: may be given tasks
  bool leaving = false;        // was told to stop: gets nothing any more
  bool retracting = false;     // a Retract is not answered yet
  bool draining = false;       // its job is to end: no more tasks, and those it has may end
  Time heard = 0;
  Micros ends_unix = 0;    // its job's end; 0 = not known or no limit
  std::uint32_t load = 0;  // slots that its tasks take, those that wait there included
  std::uint64_t tasks_done = 0;
  std::map<TaskId, Held> held;
  std::set<WorkloadId> defined;  // on this connection
  std::set<WorkloadId> knows;    // ever: to be told to forget

  WorkerId id() const { return who.worker; }
  std::uint32_t slots() const { return who.slots; }
  std::uint32_t free() const {
    return ready && !draining && load < who.slots ? who.slots - load : 0;
  }
  std::uint32_t over() const { return ready && load > who.slots ? load - who.slots : 0; }
  std::vector<std::pair<TaskId, Held>> in_order() const;
};

class Workers {
 public:
  Worker& join(const WorkerJoined&);  // or comes back under its id
  Worker* find(WorkerId);
  const Worker* find(WorkerId) const;
  Worker* find(LinkId);
  Worker* find(const std::string& incarnation);
  WorkerId next() const { return WorkerId{next_}; }
  const std::map<WorkerId, Worker>& all() const { return all_; }
  std::map<WorkerId, Worker>& all() { return all_; }

  void connect(Worker&, LinkId);
  void disconnect(Worker&);
  void hold(Worker&, const TaskId&, Held);
  bool release(Worker&, const AttemptId&);  // false when it does not have exactly this
  Worker* holder(const AttemptId&);
  void changed(Worker&);  // its load or readiness did

  const std::set<WorkerId>& with_free() const { return with_free_; }  // free slots
  const std::set<WorkerId>& with_over() const { return with_over_; }  // more tasks than slots
  const std::set<WorkerId>& to_empty() const { return to_empty_; }    // those too, and they drain
  std::uint32_t ready_slots() const { return ready_slots_; }
  std::uint32_t ready_workers() const { return static_cast<std::uint32_t>(ready_.size()); }
  const std::set<WorkerId>& ready() const { return ready_; }  // but those that drain

 private:
  std::map<WorkerId, Worker> all_;
  std::unordered_map<LinkId, WorkerId> links_;
  std::unordered_map<std::string, WorkerId> incarnations_;
  std::set<WorkerId> ready_, with_free_, with_over_, to_empty_;
  std::uint32_t next_ = 0, ready_slots_ = 0;
  std::uint64_t order_ = 0;
  WorkerId last_holder_{};
};

}  // namespace pcluster
