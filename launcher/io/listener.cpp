// Accepting connections so that no stranger can keep the others out: few of them at a time, a
// deadline for each, and no error of accept that ends anything. SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <list>

#include "launcher/io/connection.hpp"
#include "launcher/io/descriptors.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/socket.hpp"

namespace pcluster {
namespace {

constexpr std::size_t max_strangers = 64;
constexpr Micros handshake_time = 5 * second;
// A thousand workers may come back at once: those that wait in the kernel's queue do not push out
// those in their handshake.  Only who has said nothing for so long makes room.
constexpr Micros patience = 100 * millisecond;
constexpr Micros back_off = 50 * millisecond;  // after accept failed
constexpr int accepts_per_turn = 16;

struct Stranger {
  ConnectionPtr connection;
  Time since = 0;
};

}  // namespace

class Acceptor {
 public:
  using Welcome = std::function<void(LinkPtr, Role)>;
  Acceptor(Loop& loop, Fd fd, std::shared_ptr<TlsKeys> keys, Welcome welcome)
      : loop_(loop), fd_(std::move(fd)), keys_(std::move(keys)), welcome_(std::move(welcome)) {}

  void start(const std::shared_ptr<Acceptor>& self) {
    self_ = self;
    open_reserve();
    watch();
  }
  void stop();
  std::uint16_t port = 0;

 private:
  void open_reserve() { reserve_ = Fd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }
  void watch();
  void accept_some();
  bool make_room();
  void out_of_descriptors();
  void turned_one_away();
  void pause(Time until);
  void resume();
  void take(Fd fd);
  void take_local(Fd fd);
  void take_stranger(Fd fd);
  std::list<Stranger>::iterator oldest_silent();

  Loop& loop_;
  Fd fd_, reserve_;
  std::shared_ptr<TlsKeys> keys_;  // none: unix sockets
  Welcome welcome_;
  std::weak_ptr<Acceptor> self_;
  std::list<Stranger> strangers_;  // oldest first
  std::optional<TimerId> pause_;
  bool failing_ = false;  // paused because accept failed
};

void Acceptor::watch() {
  loop_.watch(fd_.get(), [self = self_.lock()] { self->accept_some(); });
}

void Acceptor::stop() {
  if (!fd_) return;
  loop_.unwatch(fd_.get());
  if (pause_) loop_.cancel(*pause_);
  for (const auto& stranger : strangers_) stranger.connection->close();
  strangers_.clear();
  fd_.reset();
}

void Acceptor::accept_some() {
  for (int i = 0; i < accepts_per_turn && fd_; ++i) {
    if (!make_room()) return;
    Fd accepted(accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted && keys_ && !room_for_stranger(accepted.get())) {
      return turned_one_away();  // it is closed
    } else if (accepted) {
      take(std::move(accepted));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return out_of_descriptors();
    }  // else: that connection failed before it was ours; the next one
  }
}

std::list<Stranger>::iterator Acceptor::oldest_silent() {
  auto stranger = strangers_.begin();
  while (stranger != strangers_.end() && stranger->connection->role()) ++stranger;
  return stranger;
}

bool Acceptor::make_room() {
  if (strangers_.size() < max_strangers) return true;
  const auto oldest = oldest_silent();
  const auto now = loop_.now();
  if (oldest == strangers_.end()) {
    pause(now + handshake_time);  // all of them have shown a key: one ends soon
    return false;
  }
  if (now < oldest->since + patience) {
    pause(oldest->since + patience);
    return false;
  }
  oldest->connection->close();
  strangers_.erase(oldest);
  return true;
}

// Turns the waiting one away, so that the kernel does not wake us for it for ever.
void Acceptor::out_of_descriptors() {
  if (const auto oldest = oldest_silent(); oldest != strangers_.end()) {
    oldest->connection->close();
    strangers_.erase(oldest);
  } else {
    reserve_.reset();
    Fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
    open_reserve();
  }
  turned_one_away();
}

void Acceptor::turned_one_away() {
  note_turned_away(loop_.now());
  failing_ = true;
  pause(loop_.now() + back_off);
}

void Acceptor::pause(Time until) {
  if (pause_) loop_.cancel(*pause_);
  loop_.unwatch(fd_.get());
  pause_ = loop_.at(until, [self = self_.lock()] { self->resume(); });
}

void Acceptor::resume() {
  if (!pause_ || !fd_) return;
  loop_.cancel(*pause_);
  pause_.reset();
  failing_ = false;
  watch();
}

void Acceptor::take(Fd fd) { keys_ ? take_stranger(std::move(fd)) : take_local(std::move(fd)); }

void Acceptor::take_local(Fd fd) {
  if (!peer_is_us(fd.get())) return;
  const auto connection = Connection::make(loop_, Channel(std::move(fd)), "unix");
  welcome_(connection->make_link(), Role::client);
  connection->listen();
}

void Acceptor::take_stranger(Fd fd) {
  set_tcp_options(fd.get());
  Endpoint peer;
  peer.size = sizeof peer.address;
  getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer.address), &peer.size);
  const auto connection = Connection::make(loop_, Channel(std::move(fd), keys_), show(peer));
  const auto now = loop_.now();
  const auto place = strangers_.insert(strangers_.end(), {connection, now});
  connection->begin(false, now + handshake_time,
                    [self = self_.lock(), place](const std::string& error) {
                      const auto authenticated = place->connection;
                      self->strangers_.erase(place);
                      if (!self->failing_) self->resume();
                      if (!error.empty()) return;
                      self->welcome_(authenticated->make_link(), *authenticated->role());
                      authenticated->listen();
                    });
}

struct Listener::Impl {
  std::shared_ptr<Acceptor> acceptor;
  std::string path;  // of a unix socket
};

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() { impl_->acceptor->stop(); }
std::uint16_t Listener::port() const { return impl_->acceptor->port; }

std::unique_ptr<Listener> listen_tls(Loop& loop, const ClusterKey& key, const std::string& cluster,
                                     PortRange ports, LinkAccepted accepted) {
  std::uint16_t port = 0;
  auto fd = listen_tcp(ports.first, ports.last, port);
  auto acceptor = std::make_shared<Acceptor>(loop, std::move(fd), TlsKeys::server(key, cluster),
                                             std::move(accepted));
  acceptor->port = port;
  acceptor->start(acceptor);
  return std::make_unique<Listener>(std::make_unique<Listener::Impl>(Listener::Impl{acceptor, {}}));
}

std::unique_ptr<Listener> listen_unix(Loop& loop, const std::string& path,
                                      std::function<void(LinkPtr)> accepted) {
  auto acceptor = std::make_shared<Acceptor>(
      loop, listen_unix_path(path), nullptr,
      [accepted = std::move(accepted)](LinkPtr link, Role) { accepted(std::move(link)); });
  acceptor->start(acceptor);
  return std::make_unique<Listener>(
      std::make_unique<Listener::Impl>(Listener::Impl{acceptor, path}));
}

}  // namespace pcluster
