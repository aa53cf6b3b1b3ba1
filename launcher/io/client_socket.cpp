// The verbs' blocking connection to the launcher: of this host, or by TLS of another.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/channel.hpp"
#include "launcher/io/connection.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/socket.hpp"

namespace pcluster {
namespace {

Time steady() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace

ClientSocket ClientSocket::connect_unix(const std::string& path) {
  int error = 0;
  Fd fd = connect_unix_path(path, error);
  if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR)
    throw Error(Exit::refused, "no launcher runs (nobody listens at " + path + ")",
                "start a cluster with: pcluster submit --jobs N");
  if (error != 0)
    throw Error(Exit::refused, fmt::format("cannot connect to {}: {}", path, std::strerror(error)));
  if (!peer_is_us(fd.get()))
    throw Error(Exit::refused, "another user's program listens at " + path,
                "choose another state directory: export PCLUSTER_DIR=...");
  fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return ClientSocket(Channel(std::move(fd)));
}

ClientSocket ClientSocket::connect_tls(const std::vector<Address>& addresses, const ClusterKey& key,
                                       const std::string& cluster, Micros timeout) {
  Loop loop;  // until it stands; then we wait for this one alone
  std::optional<Channel> channel;
  std::vector<std::string> errors;
  pcluster::connect_tls(loop, addresses, key, cluster, Role::client, timeout,
                        [&](LinkPtr link, ConnectFailure failure) {
                          if (link) channel = link->impl().connection->take_channel();
                          errors = std::move(failure.errors);
                          loop.stop();
                        });
  loop.run();
  if (channel) return ClientSocket(std::move(*channel));
  throw Error(Exit::refused, join(errors, "; "));
}

ClientSocket::ClientSocket(Channel channel)
    : channel_(std::make_unique<Channel>(std::move(channel))) {}
ClientSocket::ClientSocket(ClientSocket&&) noexcept = default;
ClientSocket& ClientSocket::operator=(ClientSocket&&) noexcept = default;

ClientSocket::~ClientSocket() {
  if (channel_) channel_->say_goodbye();
}

int ClientSocket::descriptor() const { return channel_->fd(); }

void ClientSocket::send(std::string_view payload) {
  const auto bytes = frame(payload);
  for (std::string_view rest = bytes; !rest.empty();) {
    std::size_t taken = 0;
    const auto step = channel_->write(rest, taken);
    rest.remove_prefix(taken);
    if (step == Channel::Step::closed || step == Channel::Step::failed)
      throw Error(
          Exit::refused,
          fmt::format("the launcher is gone: {}",
                      channel_->why().empty() ? "it closed the connection" : channel_->why()),
          "its log is launcher.log in the cluster's state directory");
    if (step == Channel::Step::ok) continue;
    pollfd ready{channel_->fd(),
                 static_cast<short>(step == Channel::Step::want_read ? POLLIN : POLLOUT), 0};
    poll(&ready, 1, -1);
  }
}

ClientSocket::Got ClientSocket::receive(std::string& payload, Micros timeout, int also) {
  const Time deadline = steady() + timeout;
  std::array<char, 128 * 1024> buffer;
  for (;;) {
    if (const auto whole = framer_.next()) {
      payload = *whole;
      return Got::frame;
    }
    if (framer_.broken()) return Got::closed;
    std::size_t got = 0;
    const auto step = channel_->read(buffer.data(), buffer.size(), got);
    if (step == Channel::Step::ok) {
      framer_.feed({buffer.data(), got});
      continue;
    }
    if (step == Channel::Step::closed || step == Channel::Step::failed) return Got::closed;
    const auto left = timeout < 0 ? -1 : std::max<Micros>(0, deadline - steady());
    std::array<pollfd, 2> ready{{{channel_->fd(), POLLIN, 0}, {also, POLLIN, 0}}};  // -1: none
    if (left == 0 && also < 0) return Got::timeout;
    // Rounded up: the last fraction of a millisecond is no busy loop.
    const int count =
        poll(ready.data(), ready.size(), left < 0 ? -1 : static_cast<int>((left + 999) / 1000));
    if (count < 0 && errno == EINTR) return Got::interrupted;
    if (count == 0) return Got::timeout;
    if (ready[0].revents == 0) return Got::ready;
  }
}

}  // namespace pcluster
