// Framed connections over TLS 1.3 with a pre-shared key (workers, clients on other hosts) and over
// unix sockets (clients on the launcher's host).  A frame is 4 bytes of length and the payload;
// frames sent in one turn of the loop leave in one write.
//
// Refused connections never disturb the others: accept errors back off, a handshake must end within
// 5 s, at most `max_strangers` unauthenticated connections are held (the oldest goes first).
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include "launcher/base/units.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/key.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {

class Link {
 public:
  struct Impl;  // the transport; launcher/io only
  explicit Link(std::unique_ptr<Impl>);
  ~Link();
  void send(std::string_view payload);  // queued; leaves with this turn
  void close();                         // what is queued is still tried; no on_closed follows
  std::size_t queued() const;           // bytes not yet taken by the kernel
  // The socket below, after a last frame, for another protocol: this link has ended then, without
  // on_closed, and its peer is not told.  For links over which nothing is on its way.  Empty: it
  // has ended already, or has something queued.
  Fd take_socket(std::string_view last_words = {});
  void set_frame_limit(
      std::size_t bytes);           // of frames from the peer; starts at max_frame_before_hello
  const std::string& peer() const;  // "10.0.0.5:40012", "unix"

  std::function<void(std::string_view payload)> on_frame;
  std::function<void(std::string reason)> on_closed;  // at most once; the link is dead then
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};
using LinkPtr = std::shared_ptr<Link>;

struct Address {
  std::string host;  // name or numeric; "/...": a unix socket
  std::uint16_t port = 0;
  bool operator==(const Address&) const = default;
};
Address parse_address(std::string_view);  // "10.0.0.1:4001", "[fe80::1]:4001", "/path"
std::string to_string(const Address&);    // the same

class Listener {
 public:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl>);
  ~Listener();
  std::uint16_t port() const;  // 0 for unix sockets
 private:
  std::unique_ptr<Impl> impl_;
};

// Calls `accepted` with authenticated links only; set on_frame and on_closed there.
using LinkAccepted = std::function<void(LinkPtr, Role)>;
std::unique_ptr<Listener> listen_tls(Loop&, const ClusterKey&, const std::string& cluster,
                                     PortRange, LinkAccepted);
std::unique_ptr<Listener> listen_unix(Loop&, const std::string& path,
                                      std::function<void(LinkPtr)> accepted);

// Tries every address (all at once), keeps the first that proves the key, and all errors.
struct ConnectFailure {
  std::vector<std::string> errors;
};  // "10.0.0.1:4001: Connection refused"
void connect_tls(Loop&, const std::vector<Address>&, const ClusterKey&, const std::string& cluster,
                 Role, Micros timeout,
                 std::function<void(LinkPtr, ConnectFailure)> done);  // LinkPtr is null on failure

// TLS as a client on a socket that leads there already.
void connect_tls_over(Loop&, Fd socket, const std::string& peer, const ClusterKey&,
                      const std::string& cluster, Role, Micros timeout,
                      std::function<void(LinkPtr, std::string error)> done);
// A socket with nothing on it, to a numeric address or a unix socket.
void connect_plain(Loop&, const Address&, Micros timeout,
                   std::function<void(Fd, std::string error)> done);

// This host's addresses that another host may reach: numeric, IPv4 first; loopback is the last, for
// workers of this host.
std::vector<std::string> host_addresses();
// Of the addresses of `host` those that can lead there from here: not those that this host has
// itself (loopback, a bridge that every node has), where something of ours may well listen.  All of
// them when the other host is this one, or has no others.
std::vector<std::string> that_lead_to(const std::string& host, std::vector<std::string> addresses);
// Only those of an interface of this name, or that match a glob, and the loopback one last; none
// of either: empty.  No words: all.
std::vector<std::string> host_addresses(std::span<const std::string> wanted);

class Channel;  // launcher/io only

// The blocking client of the verbs: connect, send, receive.
class ClientSocket {
 public:
  static ClientSocket connect_unix(const std::string& path);  // throws Error (Exit::refused)
  // The launcher of another host, as a client; throws Error (Exit::refused) with what each address
  // said.
  static ClientSocket connect_tls(const std::vector<Address>&, const ClusterKey&,
                                  const std::string& cluster, Micros timeout);
  ClientSocket(ClientSocket&&) noexcept;
  ClientSocket& operator=(ClientSocket&&) noexcept;
  ~ClientSocket();
  void send(std::string_view payload);  // throws Error when the launcher is gone
  enum class Got { frame, timeout, interrupted, closed, ready };
  // interrupted: a signal came; ready: there is something at `also`.  A negative timeout waits for
  // ever.
  Got receive(std::string& payload, Micros timeout, int also = -1);
  // To be waited for, once receive has found nothing.
  int descriptor() const;

 private:
  explicit ClientSocket(Channel);
  std::unique_ptr<Channel> channel_;
  Framer framer_;
};

}  // namespace pcluster
