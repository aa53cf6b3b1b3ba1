// The parts of other workers' gangs: seats kept for them here, and what their heads start on those.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/parts.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "launcher/base/error.hpp"
#include "launcher/io/key.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

constexpr Micros seat_within = 30 * second;      // a head may call before its Lend is here
constexpr std::size_t most_unread = 1 << 20;     // bytes that a head has not taken: then we wait
constexpr Micros look_again = 20 * millisecond;  // whether it has

}  // namespace

struct Parts::Caller {
  LinkPtr link;
  std::optional<StartPart> order;
  std::optional<TimerId> timer;  // of its patience; of a pause while something runs
  bool runs = false, over = false;
};

Parts::Parts(Loop& loop, Tasks& tasks, Tasks::Say say, Vacated vacated)
    : loop_(loop), tasks_(tasks), say_(std::move(say)), vacated_(std::move(vacated)) {
  tasks_.on_need([this](Room missing) { return make_room(missing); });
}

Parts::~Parts() {
  for (const auto& caller : callers_)
    if (caller->timer) loop_.cancel(*caller->timer);
}

std::uint16_t Parts::listen(const StateDirectory& directory, const std::string& cluster,
                            PortRange ports) {
  try {
    listener_ = listen_tls(loop_, read_key(directory.key()), cluster, ports,
                           [this](LinkPtr link, Role role) { accepted(std::move(link), role); });
    return listener_->port();
  } catch (const Error& error) {
    say_(std::string("no part of a task that spans workers can run here: ") + error.what() + ". " +
         error.hint());
    return 0;
  }
}

// ---------------------------------------------------------------- seats

void Parts::seat(const TaskStart& start) {
  if (take_over(start) || parts_.contains(start.attempt)) return;
  Part part;
  part.start = start;
  part.waits = true;
  part.resident = start.task->resident;
  parts_[start.attempt] = std::move(part);
  tasks_.seat(start, [this, attempt = start.attempt](std::optional<Seat> seat) {
    seated(attempt, std::move(seat));
  });
}

void Parts::seated(const AttemptId& attempt, std::optional<Seat> seat) {
  auto& part = parts_.at(attempt);
  part.waits = false;
  part.seat = std::move(seat);
  serve_all(attempt);
}

void Parts::serve_all(const AttemptId& attempt) {
  for (const auto& caller : std::set<CallerPtr>(callers_))
    if (caller->order && caller->order->attempt == attempt) serve(caller);
}

// What an idle resident's ranks sit on serves the next trial of the same gang.  Whether they do,
// their head decides: else it ends them, and asks for others.
bool Parts::take_over(const TaskStart& start) {
  const auto found = std::ranges::find_if(parts_, [&](const auto& one) {
    const auto& [attempt, part] = one;
    return part.idle && !part.evicted && attempt.task.workload == start.attempt.task.workload &&
           same_gang(part.start.gang, start.gang);
  });
  if (found == parts_.end()) return false;
  auto node = parts_.extract(found);
  Part& part = node.mapped();
  part.start = start;
  part.idle = false;
  part.head->order->attempt = node.key() = start.attempt;
  parts_.insert(std::move(node));
  serve_all(start.attempt);
  return true;
}

void Parts::vacate(const AttemptId& attempt) {
  const auto found = parts_.find(attempt);
  if (found == parts_.end() || found->second.idle) return vacated_(attempt);
  Part& part = found->second;
  if (part.waits) tasks_.stop_waiting(attempt);
  if (part.head == nullptr) return gone(attempt);
  if (part.resident) {
    part.idle = true;
    return vacated_(attempt);
  }
  part.vacating = true;
  tasks_.kill(*part.seat);
}

void Parts::gone(const AttemptId& attempt) {
  const Part part = std::move(parts_.at(attempt));
  parts_.erase(attempt);
  if (parts_.empty()) tasks_.forget_memory();
  if (part.seat) tasks_.give_back(*part.seat);
  if (!part.idle) vacated_(attempt);
}

// A trial that its head gives out just now is lost there, and costs no attempt.
void Parts::evict(Part& part) {
  if (std::exchange(part.evicted, true)) return;
  answer(part.head, {255, "its slots are needed for other work"});
}

void Parts::end_residents(WorkloadId workload) {
  for (auto& [attempt, part] : parts_)
    if (part.idle && attempt.task.workload == workload) evict(part);
}

Room Parts::make_room(Room missing) {
  Room coming;
  const auto count = [&coming](const Part& part) {
    coming = coming + Room{static_cast<std::uint32_t>(part.seat->slots.size()),
                           static_cast<std::uint32_t>(part.seat->gpus.size())};
  };
  for (const auto& [attempt, part] : parts_)
    if (part.idle && part.evicted) count(part);
  for (auto& [attempt, part] : parts_) {
    if (!part.idle || part.evicted || coming.covers(missing)) continue;
    count(part);
    evict(part);
  }
  return coming;
}

void Parts::leave(const std::string& reason) {
  listener_.reset();
  for (const auto& caller : std::set<CallerPtr>(callers_))
    answer(caller, {255, "it leaves: " + reason});
  for (auto& [attempt, part] : parts_)
    if (part.head) tasks_.kill(*part.seat);
}

// ---------------------------------------------------------------- heads

void Parts::accepted(LinkPtr link, Role role) {
  if (role != Role::worker) return;
  auto caller = std::make_shared<Caller>();
  caller->link = std::move(link);
  caller->link->set_frame_limit(max_frame);
  caller->link->on_frame = [this, weak = std::weak_ptr(caller)](std::string_view payload) {
    if (const auto one = weak.lock()) asked(one, payload);
  };
  caller->link->on_closed = [this, weak = std::weak_ptr(caller)](const std::string&) {
    if (const auto one = weak.lock()) hung_up(one);
  };
  callers_.insert(caller);
  wait(caller, seat_within, "it was not told what to start");
}

void Parts::asked(const CallerPtr& caller, std::string_view payload) {
  const auto message = decode<ToPeer>(payload);
  const auto* order = message ? std::get_if<StartPart>(&*message) : nullptr;
  if (order == nullptr || caller->order)
    return answer(caller, {255, "it was told what this version does not understand"});
  // Ports are used again: whoever calls may mean the one before us.
  if (order->worker != tasks_.worker())
    return answer(caller, {255, fmt::format("{} listens there now", tasks_.worker())});
  caller->order = *order;
  wait(caller, seat_within,
       "it had no free slots for its part within " + show_duration(seat_within));
  serve(caller);
}

// If its seat is there; else seat() comes here again.
void Parts::serve(const CallerPtr& caller) {
  const auto found = parts_.find(caller->order->attempt);
  if (found == parts_.end() || caller->runs) return;
  Part& part = found->second;
  if (part.waits || part.idle || (part.resident && part.head)) return;  // those are about to end
  if (!part.seat) return answer(caller, {255, "it had no free slots or gpus for its part"});
  if (part.vacating || part.head)
    return answer(caller, {255, part.vacating ? "its part was ended" : "its part runs already"});
  start(caller, part);
}

void Parts::start(const CallerPtr& caller, Part& part) {
  loop_.cancel(*std::exchange(caller->timer, std::nullopt));
  const auto failure = tasks_.start_part(
      part.start, *part.seat, caller->order->command,
      {[this, caller](Stream stream, std::string_view bytes) { relay(caller, stream, bytes); },
       [this, caller](const Ended& end) { ended(caller, end); }});
  if (failure) return answer(caller, {255, *failure});
  part.head = caller;
  caller->runs = true;
  caller->link->send(encode(FromPeer{PartOutput{}}));  // it runs
}

void Parts::relay(const CallerPtr& caller, Stream stream, std::string_view bytes) {
  if (caller->over) return;
  caller->link->send(encode(FromPeer{PartOutput{stream == Stream::err, std::string(bytes)}}));
  if (caller->link->queued() > most_unread) hold(caller, true);
}

void Parts::hold(const CallerPtr& caller, bool yes) {
  const auto part = parts_.find(caller->order->attempt);
  if (part == parts_.end() || part->second.head != caller) return;
  tasks_.hold(*part->second.seat, yes);
  if (!yes || caller->timer) return;
  caller->timer = loop_.at(loop_.now() + look_again, [this, weak = std::weak_ptr(caller)] {
    const auto one = weak.lock();
    if (!one) return;
    one->timer.reset();
    hold(one, !one->over && one->link->queued() > most_unread);
  });
}

// As a shell has it: 128 and the signal.
void Parts::ended(const CallerPtr& caller, const Ended& end) {
  const auto attempt = caller->order->attempt;
  caller->runs = false;
  const PartEnded said{end.signal != 0 ? 128 + end.signal : end.exit_code, {}};
  // With the job that ends, the worker leaves, and says that instead.
  if (may_be_the_jobs_end(end))
    loop_.at(loop_.now() + signal_follows, [this, caller, said] { answer(caller, said); });
  else
    answer(caller, said);
  const auto part = parts_.find(attempt);
  if (part == parts_.end()) return;
  part->second.head = nullptr;
  if (part->second.vacating || part->second.idle) return gone(attempt);
  serve_all(attempt);
}

// ---------------------------------------------------------------- ends

void Parts::hung_up(const CallerPtr& caller) {
  if (std::exchange(caller->over, true)) return;
  if (caller->timer) loop_.cancel(*std::exchange(caller->timer, std::nullopt));
  if (caller->runs) tasks_.kill(*parts_.at(caller->order->attempt).seat);
  loop_.post([caller] {});  // its link may be what calls us
  callers_.erase(caller);
}

void Parts::answer(const CallerPtr& caller, const PartEnded& end) {
  if (caller->over) return;
  caller->link->send(encode(FromPeer{end}));
  caller->link->close();
  hung_up(caller);
}

void Parts::wait(const CallerPtr& caller, Micros time, const std::string& else_why) {
  if (caller->timer) loop_.cancel(*caller->timer);
  caller->timer = loop_.at(loop_.now() + time, [this, weak = std::weak_ptr(caller), else_why] {
    const auto one = weak.lock();
    if (!one) return;
    one->timer.reset();
    answer(one, {255, else_why});
  });
}

}  // namespace pcluster
