// One framed connection on the loop.
// SPDX-License-Identifier: MIT
#include "launcher/io/connection.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "launcher/io/asio_loop.hpp"

namespace pcluster {
namespace {

constexpr int reads_per_turn = 16;             // then the others have their turn
constexpr Micros longest_linger = 5 * second;  // for a peer that does not take our last words
// What thousands of idle links may keep each; a buffer that has grown is freed when it is empty.
constexpr std::size_t kept_capacity = 8u << 10;
constexpr std::size_t moved_at_once = 1u << 20;
constexpr std::size_t most_unsent = 8 * max_frame;  // for a peer that is stopped, or reads no more

// Calls a function that may replace or destroy itself and its owner meanwhile.
void call(std::function<void(std::string_view)>& function, std::string_view payload) {
  auto running = std::exchange(function, nullptr);
  if (!running) return;
  running(payload);
  if (!function) function = std::move(running);
}

void append_frame(std::string& out, std::string_view payload) {
  const auto size = static_cast<std::uint32_t>(payload.size());
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(size >> shift);
  out += payload;
}

}  // namespace

Connection::Connection(Loop& loop, Channel channel, std::string peer)
    : loop_(loop),
      channel_(std::move(channel)),
      descriptor_(loop.impl().context),
      peer_(std::move(peer)) {
  descriptor_.assign(channel_.fd());
}

Connection::~Connection() {
  if (descriptor_.is_open()) descriptor_.release();
}

ConnectionPtr Connection::make(Loop& loop, Channel channel, std::string peer) {
  ConnectionPtr made(new Connection(loop, std::move(channel), std::move(peer)));
  made->self_ = made;
  return made;
}

// ---------------------------------------------------------------- until the peer is proven

void Connection::begin(bool connecting, Time deadline, std::function<void(std::string)> done) {
  stage_ = connecting ? Stage::connecting : Stage::handshake;
  done_ = std::move(done);
  timer_ = loop_.at(deadline, [self = self()] {
    self->timer_.reset();
    self->finish_begin(self->stage_ == Stage::connecting ? "no answer"
                                                         : "the handshake took too long");
  });
  connecting ? wait_writable() : shake_hands();
}

void Connection::connected() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(channel_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return finish_begin(std::strerror(error));
  stage_ = Stage::handshake;
  shake_hands();
}

void Connection::shake_hands() {
  switch (channel_.handshake()) {
    case Channel::Step::ok: return finish_begin({});
    case Channel::Step::want_read: return wait_readable();
    case Channel::Step::want_write: return wait_writable();
    case Channel::Step::closed: return finish_begin("closed the connection in the handshake");
    case Channel::Step::failed: return finish_begin(channel_.why());
  }
}

void Connection::finish_begin(std::string error) {
  const auto keep = self();
  if (timer_) loop_.cancel(*std::exchange(timer_, std::nullopt));
  if (error.empty())
    stage_ = Stage::open;
  else
    end();
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(error));
}

LinkPtr Connection::make_link() {
  auto link = std::make_shared<Link>(std::make_unique<Link::Impl>(Link::Impl{self()}));
  link_ = link;
  return link;
}

void Connection::listen() {
  if (stage_ == Stage::open) read_some();
}

// ---------------------------------------------------------------- readiness

void Connection::go_on() {
  switch (stage_) {
    case Stage::connecting: return connected();
    case Stage::handshake: return shake_hands();
    case Stage::open: read_some(); break;
    default: return;
  }
  // TLS may have to read before it can write.
  if (stage_ == Stage::open && queued() > 0 && !writing_ && !dirty_) write_some();
}

void Connection::wait_readable() {
  if (std::exchange(reading_, true)) return;
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = self()](const asio::error_code& error) {
                           self->reading_ = false;
                           if (!error && self->busy()) self->go_on();
                         });
}

void Connection::wait_writable() {
  if (std::exchange(writing_, true)) return;
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_write,
                         [self = self()](const asio::error_code& error) {
                           self->writing_ = false;
                           if (error || !self->busy()) return;
                           if (self->stage_ < Stage::open) return self->go_on();
                           self->write_some();
                           // ... or write before it can read.
                           if (self->stage_ == Stage::open && !self->reading_) self->read_some();
                         });
}

// ---------------------------------------------------------------- in

void Connection::read_some() {
  const auto keep = self();
  auto& buffer = loop_.impl().buffer;
  for (int i = 0; i < reads_per_turn; ++i) {
    std::size_t got = 0;
    switch (channel_.read(buffer.data(), buffer.size(), got)) {
      case Channel::Step::ok: break;
      case Channel::Step::want_read: return wait_readable();
      case Channel::Step::want_write: return wait_writable();
      case Channel::Step::closed: return fail("closed by the peer");
      case Channel::Step::failed: return fail(channel_.why());
    }
    const bool drained = channel_.drained(got, buffer.size());
    framer_.feed({buffer.data(), got});
    deliver();
    if (stage_ != Stage::open) return;
    if (drained) return wait_readable();
  }
  loop_.post([keep] {
    if (keep->stage_ == Stage::open && !keep->reading_) keep->read_some();
  });
}

void Connection::deliver() {
  auto link = link_.lock();
  while (link && stage_ == Stage::open) {
    const auto payload = framer_.next();
    if (!payload) break;
    call(link->on_frame, *payload);
    if (link.use_count() == 1) link.reset();  // its owner let go of it: this closes
  }
  if (link && stage_ != Stage::open) link->on_frame = nullptr;  // closed: free what it holds
  if (stage_ == Stage::open && framer_.broken())
    fail("sent a frame that is empty or above the limit");
}

// ---------------------------------------------------------------- out

void Connection::send(std::string_view payload) {
  if (stage_ != Stage::open || !broken_.empty()) return;
  if (queued() > most_unsent) return write_failed("does not read what it is sent");
  append_frame(out_, payload);
  if (std::exchange(dirty_, true)) return;
  loop_.impl().at_turn_end([self = self()] {
    self->dirty_ = false;
    if (!self->writing_ && self->busy()) self->write_some();
  });
}

void Connection::flush() {
  if (dirty_ && !writing_ && busy()) write_some();
}

void Connection::write_some() {
  while (queued() > 0) {
    std::size_t taken = 0;
    switch (channel_.write(std::string_view(out_).substr(written_), taken)) {
      case Channel::Step::ok: break;
      case Channel::Step::want_read: return wait_readable();
      case Channel::Step::want_write: return wait_writable();
      case Channel::Step::closed: return write_failed("closed by the peer");
      case Channel::Step::failed: return write_failed(channel_.why());
    }
    written_ += taken;
    if (written_ > moved_at_once && written_ > out_.size() / 2) {
      out_.erase(0, written_);
      written_ = 0;
    }
  }
  out_.capacity() > kept_capacity ? out_ = std::string() : (out_.clear(), out_);
  written_ = 0;
  if (stage_ == Stage::lingering) end();
}

Fd Connection::take_socket(std::string_view last_words) {
  if (stage_ != Stage::open || queued() > 0 || !broken_.empty()) return {};
  const auto keep = self();
  if (!last_words.empty()) append_frame(out_, last_words);
  for (std::size_t taken = 0; queued() > 0; written_ += taken)
    if (channel_.write(std::string_view(out_).substr(written_), taken) != Channel::Step::ok) {
      out_.clear();
      written_ = 0;
      end();
      return {};
    }
  out_.clear();
  written_ = 0;
  stage_ = Stage::ended;
  descriptor_.release();
  return channel_.take_socket();
}

Channel Connection::take_channel() {
  stage_ = Stage::ended;
  descriptor_.release();
  return std::move(channel_);
}

void Connection::write_failed(std::string reason) {
  out_.clear();
  written_ = 0;
  if (stage_ != Stage::open) return end();
  // Its last words may wait to be read: why it closed, for one.
  broken_ = std::move(reason);
  loop_.post([self = self()] {
    if (self->stage_ == Stage::open) self->read_some();
    if (self->stage_ == Stage::open) self->fail(self->broken_);
  });
}

// ---------------------------------------------------------------- the end

void Connection::close() {
  const auto keep = self();
  if (stage_ == Stage::connecting || stage_ == Stage::handshake) {
    done_ = nullptr;
    return end();
  }
  if (stage_ != Stage::open) return;
  stage_ = Stage::lingering;
  if (!writing_) write_some();
  if (stage_ != Stage::lingering) return;
  timer_ = loop_.at(loop_.now() + longest_linger, [keep] {
    keep->timer_.reset();
    keep->end();
  });
}

void Connection::fail(const std::string& reason) {
  const auto keep = self();
  end();
  const auto link = link_.lock();
  if (!link) return;
  link->on_frame = nullptr;
  if (const auto told = std::exchange(link->on_closed, nullptr)) told(reason);
}

void Connection::end() {
  if (!busy()) return;
  const auto keep = self();
  if (timer_) loop_.cancel(*std::exchange(timer_, std::nullopt));
  if (stage_ == Stage::lingering) channel_.say_goodbye();
  stage_ = Stage::ended;
  descriptor_.release();
  channel_.close();
}

}  // namespace pcluster
