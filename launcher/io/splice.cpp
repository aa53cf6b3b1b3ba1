// Two sockets joined.
// SPDX-License-Identifier: MIT
#include "launcher/io/splice.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "launcher/io/asio.hpp"
#include "launcher/io/asio_loop.hpp"

namespace pcluster {
namespace {

constexpr int steps_per_turn = 32;  // then the others have their turn

using Descriptor = asio::posix::stream_descriptor;

// One way: what was read and is not yet taken waits in `rest`, and nothing is read meanwhile.
struct Way {
  int from = 0, to = 0;
  std::string rest;
  std::size_t sent = 0;  // of it
  bool over = false;     // `from` has said its last, and `to` knows
};

}  // namespace

struct Splice::State : std::enable_shared_from_this<State> {
  State(Loop& on, Fd one, Fd other, std::function<void()> end, Limits times)
      : loop(on),
        limits(times),
        ended(std::move(end)),
        moved(on.now()),
        ends{Descriptor(on.impl().context, one.release()),
             Descriptor(on.impl().context, other.release())} {
    for (auto& end_ : ends) end_.non_blocking(true);
  }

  void go(int way);
  bool step(Way&);  // false: it waits, or has ended
  bool send_rest(Way&);
  void wait(Way&, Descriptor::wait_type);
  void look();
  void close();
  void fail();

  Loop& loop;
  Limits limits;
  std::function<void()> ended;
  Time moved;
  std::uint64_t bytes = 0;
  Descriptor ends[2];
  Way ways[2] = {{0, 1, {}, 0, false}, {1, 0, {}, 0, false}};
  std::optional<TimerId> timer;
  bool closed = false;
};

void Splice::State::go(int way) {
  for (int i = 0; i < steps_per_turn; ++i)
    if (closed || !step(ways[way])) return;
  loop.post([self = shared_from_this(), way] { self->go(way); });
}

void Splice::State::wait(Way& way, Descriptor::wait_type what) {
  const int number = way.from;
  ends[what == Descriptor::wait_read ? way.from : way.to].async_wait(
      what, [self = shared_from_this(), number](const asio::error_code& error) {
        if (!error) self->go(number);
      });
}

bool Splice::State::step(Way& way) {
  if (!way.rest.empty()) return send_rest(way);
  auto& buffer = loop.impl().buffer;
  const auto got = recv(ends[way.from].native_handle(), buffer.data(), buffer.size(), 0);
  if (got < 0 && errno == EINTR) return true;
  if (got < 0 && errno == EAGAIN) return wait(way, Descriptor::wait_read), false;
  if (got < 0) return fail(), false;
  moved = loop.now();
  if (got == 0) {
    way.over = true;
    shutdown(ends[way.to].native_handle(), SHUT_WR);
    if (ways[0].over && ways[1].over) fail();
    return false;
  }
  way.rest.assign(buffer.data(), static_cast<std::size_t>(got));
  return send_rest(way);
}

bool Splice::State::send_rest(Way& way) {
  const auto taken = ::send(ends[way.to].native_handle(), way.rest.data() + way.sent,
                            way.rest.size() - way.sent, MSG_NOSIGNAL);
  if (taken < 0 && errno == EINTR) return true;
  if (taken < 0 && errno == EAGAIN) return wait(way, Descriptor::wait_write), false;
  if (taken < 0) return fail(), false;
  moved = loop.now();
  bytes += static_cast<std::uint64_t>(taken);
  way.sent += static_cast<std::size_t>(taken);
  if (way.sent < way.rest.size()) return true;
  std::exchange(way.rest, {});
  way.sent = 0;
  return true;
}

void Splice::State::look() {
  const auto limit = ways[0].over || ways[1].over ? limits.after_half : limits.silence;
  if (loop.now() >= moved + limit) return fail();
  // A half that ends meanwhile is not to wait for the other's longer limit.
  timer = loop.at(loop.now() + std::min(limits.after_half, limits.silence),
                  [self = shared_from_this()] {
                    self->timer.reset();
                    self->look();
                  });
}

void Splice::State::close() {
  if (std::exchange(closed, true)) return;
  if (timer) loop.cancel(*std::exchange(timer, std::nullopt));
  asio::error_code ignored;
  for (auto& end : ends) end.close(ignored);
}

void Splice::State::fail() {
  if (closed) return;
  close();
  // Its owner may destroy what calls it.
  loop.post([self = shared_from_this()] {
    if (const auto told = std::exchange(self->ended, nullptr)) told();
  });
}

Splice::Splice(Loop& loop, Fd one, Fd other, std::function<void()> ended, Limits limits)
    : state_(std::make_shared<State>(loop, std::move(one), std::move(other), std::move(ended),
                                     limits)) {
  state_->look();
  for (const int way : {0, 1}) loop.post([state = state_, way] { state->go(way); });
}

Splice::~Splice() {
  state_->ended = nullptr;
  state_->close();
}

std::uint64_t Splice::bytes() const { return state_->bytes; }

}  // namespace pcluster
