// For the tests of links: a server that keeps what it is told, raw sockets of strangers, and TLS as
// a stranger would speak it. SPDX-License-Identifier: MIT
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "launcher/io/link.hpp"
#include "tests/io/scratch.hpp"

namespace pcluster {

inline ClusterKey test_key(unsigned char first = 7) {
  ClusterKey key{};
  key[0] = first;
  return key;
}

struct Server {
  explicit Server(Loop& on, const std::string& cluster = "test")
      : loop(on), listener(listen_tls(on, test_key(), cluster, {}, [this](LinkPtr link, Role role) {
          take(std::move(link), role);
        })) {}

  void take(LinkPtr link, Role role) {
    roles.push_back(role);
    link->on_frame = [this](std::string_view payload) { frames.emplace_back(payload); };
    link->on_closed = [this](std::string reason) { ends.push_back(std::move(reason)); };
    links.push_back(std::move(link));
  }

  Loop& loop;
  std::vector<Role> roles;
  std::vector<LinkPtr> links;
  std::vector<std::string> frames, ends;
  std::unique_ptr<Listener> listener;
};

struct Client {
  LinkPtr link;
  std::vector<std::string> errors, frames, ends;
  bool done = false;
};

inline std::shared_ptr<Client> connect(Loop& loop, const std::vector<Address>& addresses,
                                       const ClusterKey& key, const std::string& cluster = "test",
                                       Role role = Role::worker, Micros timeout = 2 * second) {
  auto client = std::make_shared<Client>();
  connect_tls(loop, addresses, key, cluster, role, timeout,
              [client](LinkPtr link, ConnectFailure failure) {
                client->done = true;
                client->link = std::move(link);
                client->errors = std::move(failure.errors);
                if (!client->link) return;
                client->link->on_frame = [c = client.get()](std::string_view payload) {
                  c->frames.emplace_back(payload);
                };
                client->link->on_closed = [c = client.get()](std::string reason) {
                  c->ends.push_back(std::move(reason));
                };
              });
  return client;
}

inline Fd raw_connect(std::uint16_t port) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

// Whether the other side has closed it (what it said before is dropped).
inline bool is_closed(int fd) {
  char bytes[512];
  for (;;) {
    const auto got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0) continue;
    return got == 0 || (errno != EAGAIN && errno != EINTR);
  }
}

}  // namespace pcluster
