// The parts of other workers' gangs: seats kept for them here, and what their heads start on those.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/parts.hpp"

#include <fmt/format.h>
#include <signal.h>

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
    : loop_(loop), tasks_(tasks), say_(std::move(say)), vacated_(std::move(vacated)) {}

Parts::~Parts() {
  for (const auto& caller : callers_)
    if (caller->timer) loop_.cancel(*caller->timer);
}

std::uint16_t Parts::listen(const StateDirectory& directory, const std::string& cluster) {
  try {
    listener_ = listen_tls(loop_, read_key(directory.key()), cluster, {},
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
  if (parts_.contains(start.attempt)) return;
  parts_[start.attempt] = {start, tasks_.take_seat(start), nullptr, false};
  for (const auto& caller : std::set<CallerPtr>(callers_))
    if (caller->order && caller->order->attempt == start.attempt) serve(caller);
}

void Parts::vacate(const AttemptId& attempt) {
  const auto part = parts_.find(attempt);
  if (part == parts_.end()) return vacated_(attempt);
  part->second.vacating = true;
  if (part->second.head == nullptr) return gone(attempt);
  tasks_.kill(*part->second.seat);
}

void Parts::gone(const AttemptId& attempt) {
  const auto part = parts_.find(attempt);
  if (part->second.seat) tasks_.give_back(*part->second.seat);
  parts_.erase(part);
  if (parts_.empty()) tasks_.forget_memory();
  vacated_(attempt);
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
  if (part->second.vacating) gone(attempt);
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
