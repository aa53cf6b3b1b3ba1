// Connections by way of another: a plain socket to hand bytes on, TLS over a socket that leads to
// the launcher already.
// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "launcher/base/text.hpp"
#include "launcher/io/connection.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/socket.hpp"

namespace pcluster {

Address parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (text.starts_with('/') || colon == text.npos) return {std::string(text), 0};
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto port = to_integer(text.substr(colon + 1)).value_or(0);
  return {std::string(host), static_cast<std::uint16_t>(port)};
}

std::string to_string(const Address& address) { return show_address(address.host, address.port); }

// The connection lives on what it waits for: `done` must not hold it too.
void connect_tls_over(Loop& loop, Fd socket, const std::string& peer, const ClusterKey& key,
                      const std::string& cluster, Role role, Micros timeout,
                      std::function<void(LinkPtr, std::string error)> done) {
  const auto connection =
      Connection::make(loop, Channel(std::move(socket), TlsKeys::client(key, cluster, role)), peer);
  connection->begin(false, loop.now() + timeout,
                    [weak = std::weak_ptr(connection), done = std::move(done)](std::string error) {
                      if (!error.empty()) return done(nullptr, std::move(error));
                      const auto one = weak.lock();
                      done(one->make_link(), {});
                      one->listen();
                    });
}

void connect_plain(Loop& loop, const Address& address, Micros timeout,
                   std::function<void(Fd, std::string error)> done) {
  const auto endpoint = numeric_endpoint(address.host, address.port);
  int error = EINVAL;
  Fd socket = endpoint ? start_connect(*endpoint, error) : Fd();
  if (error != 0 && error != EINPROGRESS) {
    loop.post([done = std::move(done), error] { done({}, std::strerror(error)); });
    return;
  }
  const auto connection = Connection::make(loop, Channel(std::move(socket)), show(*endpoint));
  connection->begin(true, loop.now() + timeout,
                    [weak = std::weak_ptr(connection), done = std::move(done)](std::string why) {
                      if (!why.empty()) return done({}, std::move(why));
                      done(weak.lock()->take_socket({}), {});
                    });
}

}  // namespace pcluster
