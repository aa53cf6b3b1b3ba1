// One framed connection on the loop, from its connect or accept to its last byte; a Link is the
// user's handle to it, and may go first.  launcher/io only.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "launcher/io/asio.hpp"
#include "launcher/io/channel.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {

class Connection;
using ConnectionPtr = std::shared_ptr<Connection>;

class Connection {
 public:
  static ConnectionPtr make(Loop&, Channel, std::string peer);
  ~Connection();

  // Carries out the connect that is on its way (if `connecting`) and the handshake.  `done` gets an
  // empty text when the peer has proven itself; never after close().
  void begin(bool connecting, Time deadline, std::function<void(std::string error)> done);
  LinkPtr make_link();  // once, in `done` or instead of begin()
  void listen();        // to frames, after make_link()

  void send(std::string_view payload);
  void flush();
  void close();  // what is queued is still tried for a while
  // The socket, after `last_words`; this connection has ended then, and its peer is not told. Empty
  // when it is not open, or the kernel does not take them at once.
  Fd take_socket(std::string_view last_words);
  // The open channel itself, for who goes on without a loop; this connection has ended then.
  Channel take_channel();
  std::size_t queued() const { return out_.size() - written_; }
  void set_frame_limit(std::size_t bytes) { framer_.set_limit(bytes); }
  const std::string& peer() const { return peer_; }
  std::optional<Role> role() const { return channel_.role(); }

 private:
  enum class Stage { connecting, handshake, open, lingering, ended };

  Connection(Loop&, Channel, std::string peer);
  ConnectionPtr self() const { return self_.lock(); }
  bool busy() const { return stage_ != Stage::ended; }
  void go_on();  // whatever the socket is ready for
  void connected();
  void shake_hands();
  void finish_begin(std::string error);
  void read_some();
  void deliver();
  void write_some();
  void write_failed(std::string reason);
  void wait_readable();
  void wait_writable();
  void fail(const std::string& reason);
  void end();

  Loop& loop_;
  Channel channel_;
  asio::posix::stream_descriptor descriptor_;  // the channel's, borrowed
  std::string peer_;
  std::weak_ptr<Connection> self_;
  std::weak_ptr<Link> link_;
  Stage stage_ = Stage::open;
  std::function<void(std::string)> done_;
  std::optional<TimerId> timer_;
  Framer framer_{max_frame_before_hello};
  std::string out_, broken_;  // broken_: writing failed, what came is still read
  std::size_t written_ = 0;
  bool reading_ = false, writing_ = false, dirty_ = false;
};

struct Link::Impl {
  ConnectionPtr connection;
};

}  // namespace pcluster
