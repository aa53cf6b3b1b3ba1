// The parts of other workers' gangs: seats kept for them here, and what their heads start on those.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include "launcher/io/link.hpp"
#include "launcher/io/state.hpp"
#include "launcher/model/peers.hpp"
#include "mpi-runtime/tasks.hpp"

namespace pcluster {

class Parts {
 public:
  using Vacated = std::function<void(const AttemptId&)>;
  Parts(Loop&, Tasks&, Tasks::Say, Vacated);
  ~Parts();

  // Where heads call, and workers that need a relay; 0 when it cannot listen, which it says: this
  // worker then is in no gang, and no relay.
  std::uint16_t listen(const StateDirectory&, const std::string& cluster, PortRange = {});
  void on_relay(std::function<void(LinkPtr)> relay) { relay_ = std::move(relay); }
  void seat(const TaskStart&);
  // Ends what runs there, then says so.  A resident's stays, until it is taken over by the next
  // trial's, or its seat is needed.
  void vacate(const AttemptId&);
  void end_residents(WorkloadId);
  void leave(const std::string& reason);  // ends all; their heads hear why

 private:
  struct Caller;  // a head's link
  using CallerPtr = std::shared_ptr<Caller>;
  struct Part {
    TaskStart start;
    std::optional<Seat> seat;  // none: it could not be had
    CallerPtr head;            // while something runs
    bool waits = false;        // for its seat
    bool vacating = false;
    bool resident = false, idle = false;  // a copy: its template goes; released, and it stays
    bool evicted = false;                 // idle, and about to end
  };

  void seated(const AttemptId&, std::optional<Seat>);
  bool take_over(const TaskStart&);
  void serve_all(const AttemptId&);
  void evict(Part&);
  Room make_room(Room missing);
  void accepted(LinkPtr, Role);
  void asked(const CallerPtr&, std::string_view payload);
  void serve(const CallerPtr&);
  void start(const CallerPtr&, Part&);
  void relay(const CallerPtr&, Stream, std::string_view bytes);
  void hold(const CallerPtr&, bool);
  void ended(const CallerPtr&, const Ended&);
  void hung_up(const CallerPtr&);
  void answer(const CallerPtr&, const PartEnded&);
  void wait(const CallerPtr&, Micros, const std::string& else_why);
  void gone(const AttemptId&);

  Loop& loop_;
  Tasks& tasks_;
  Tasks::Say say_;
  Vacated vacated_;
  std::function<void(LinkPtr)> relay_;  // who asks for it
  std::unique_ptr<Listener> listener_;
  std::map<AttemptId, Part> parts_;
  std::set<CallerPtr> callers_;
};

}  // namespace pcluster
