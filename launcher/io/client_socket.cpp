// The verbs' blocking connection to the launcher of this host.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "launcher/base/error.hpp"
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
  ClientSocket made;
  made.fd_ = fd.release();
  return made;
}

ClientSocket::ClientSocket(ClientSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), framer_(std::move(other.framer_)) {}

ClientSocket& ClientSocket::operator=(ClientSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(framer_, other.framer_);
  return *this;
}

ClientSocket::~ClientSocket() {
  if (fd_ >= 0) ::close(fd_);
}

void ClientSocket::send(std::string_view payload) {
  const auto bytes = frame(payload);
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto taken = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0)
      throw Error(Exit::refused, fmt::format("the launcher is gone: {}", std::strerror(errno)),
                  "its log is launcher.log in the cluster's state directory");
    rest.remove_prefix(static_cast<std::size_t>(taken));
  }
}

ClientSocket::Got ClientSocket::receive(std::string& payload, Micros timeout, int also) {
  const Time deadline = steady() + timeout;
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    if (const auto whole = framer_.next()) {
      payload = *whole;
      return Got::frame;
    }
    if (framer_.broken()) return Got::closed;
    const auto left = timeout < 0 ? -1 : std::max<Micros>(0, deadline - steady());
    std::array<pollfd, 2> ready{{{fd_, POLLIN, 0}, {also, POLLIN, 0}}};  // -1 is passed over
    // Rounded up: the last fraction of a millisecond is no busy loop.
    const int count =
        poll(ready.data(), ready.size(), left < 0 ? -1 : static_cast<int>((left + 999) / 1000));
    if (count < 0 && errno == EINTR) return Got::interrupted;
    if (count == 0) return Got::timeout;
    if (ready[0].revents == 0) return Got::ready;
    const auto got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return Got::closed;
    framer_.feed({buffer.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace pcluster
