// Sockets as the kernel has them.
// SPDX-License-Identifier: MIT
#include "launcher/io/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "launcher/base/error.hpp"

namespace pcluster {
namespace {

constexpr int waiting_connections = 4096;  // workers that all come back at once

[[noreturn]] void fail(const std::string& what, const std::string& hint = {}) {
  throw Error(Exit::refused, fmt::format("{}: {}", what, std::strerror(errno)), hint);
}

// A unix socket's name in the kernel holds 107 bytes, home directories are longer: the directory is
// opened and named by its descriptor.
struct UnixName {
  Fd directory;
  sockaddr_un address{};
};

std::optional<UnixName> unix_name(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto directory = slash == path.npos ? "." : path.substr(0, slash + 1);
  UnixName name{Fd(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))};
  if (!name.directory) return {};
  const auto text = fmt::format("/proc/self/fd/{}/{}", name.directory.get(),
                                path.substr(slash == path.npos ? 0 : slash + 1));
  if (text.size() >= sizeof name.address.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  name.address.sun_family = AF_UNIX;
  std::memcpy(name.address.sun_path, text.c_str(), text.size() + 1);
  return name;
}

template <class T>
const sockaddr* generic(const T& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Fd try_listen(int family, std::uint16_t port) {
  Fd fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fd;
  const int on = 1, off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  int result = 0;
  if (family == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(port);
    result = bind(fd.get(), generic(any), sizeof any);
  } else {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(port);
    result = bind(fd.get(), generic(any), sizeof any);
  }
  if (result != 0 || listen(fd.get(), waiting_connections) != 0) {
    const int error = errno;
    fd.reset();
    errno = error;
  }
  return fd;
}

}  // namespace

std::optional<Endpoint> numeric_endpoint(const std::string& host, std::uint16_t port) {
  Endpoint endpoint;
  if (host.starts_with('/')) {
    auto* unix_path = reinterpret_cast<sockaddr_un*>(&endpoint.address);
    if (host.size() >= sizeof unix_path->sun_path) return {};
    unix_path->sun_family = AF_UNIX;
    host.copy(unix_path->sun_path, host.size());
    endpoint.size = sizeof *unix_path;
    return endpoint;
  }
  auto* four = reinterpret_cast<sockaddr_in*>(&endpoint.address);
  if (inet_pton(AF_INET, host.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    endpoint.size = sizeof *four;
    return endpoint;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&endpoint.address);
  if (inet_pton(AF_INET6, host.c_str(), &six->sin6_addr) != 1) return {};
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(port);
  endpoint.size = sizeof *six;
  return endpoint;
}

std::string show_address(const std::string& host, std::uint16_t port) {
  if (host.starts_with('/')) return host;
  const bool six = host.find(':') != host.npos;
  return six ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string show(const Endpoint& endpoint) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (endpoint.address.ss_family == AF_UNIX)
    return reinterpret_cast<const sockaddr_un*>(&endpoint.address)->sun_path;
  if (endpoint.address.ss_family == AF_INET) {
    const auto* four = reinterpret_cast<const sockaddr_in*>(&endpoint.address);
    inet_ntop(AF_INET, &four->sin_addr, text.data(), text.size());
    return show_address(text.data(), ntohs(four->sin_port));
  }
  const auto* six = reinterpret_cast<const sockaddr_in6*>(&endpoint.address);
  if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
    inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, text.data(), text.size());
  else
    inet_ntop(AF_INET6, &six->sin6_addr, text.data(), text.size());
  return show_address(text.data(), ntohs(six->sin6_port));
}

void set_tcp_options(int fd) {
  const auto set = [fd](int level, int option, int value) {
    setsockopt(fd, level, option, &value, sizeof value);
  };
  // Before the handshake: with Nagle's algorithm each one takes 40 ms.
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 10'000);
}

Fd start_connect(const Endpoint& endpoint, int& error) {
  Fd fd(socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  error = 0;
  if (fd) set_tcp_options(fd.get());
  if (!fd || connect(fd.get(), generic(endpoint.address), endpoint.size) != 0) error = errno;
  return fd;
}

Fd listen_tcp(std::uint16_t first, std::uint16_t last, std::uint16_t& port) {
  last = std::max(first, last);
  Fd fd;
  for (int candidate = first; candidate <= last && !fd; ++candidate) {
    fd = try_listen(AF_INET6, static_cast<std::uint16_t>(candidate));
    if (!fd && errno != EADDRINUSE && errno != EACCES)  // no IPv6 on this host
      fd = try_listen(AF_INET, static_cast<std::uint16_t>(candidate));
  }
  if (!fd && first != 0)
    fail(fmt::format("no port from {} to {} is free", first, last), "give another range of ports");
  if (!fd) fail("cannot listen on any port");
  Endpoint bound;
  bound.size = sizeof bound.address;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound.address), &bound.size);
  port =
      ntohs(reinterpret_cast<const sockaddr_in*>(&bound.address)->sin_port);  // as in sockaddr_in6
  return fd;
}

Fd listen_unix_path(const std::string& path) {
  auto name = unix_name(path);
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!name || !fd) fail("cannot make the socket " + path);
  unlink(path.c_str());  // of a launcher that is gone: the caller holds the lock
  // Linux gives a socket file the mode of its descriptor: never a moment with more than 0600.
  if (fchmod(fd.get(), 0600) != 0 ||
      bind(fd.get(), generic(name->address), sizeof name->address) != 0 ||
      chmod(path.c_str(), 0600) != 0 || listen(fd.get(), waiting_connections) != 0)
    fail("cannot make the socket " + path,
         "can this file system hold a socket? If not, choose another state directory");
  return fd;
}

Fd connect_unix_path(const std::string& path, int& error) {
  const auto name = unix_name(path);
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  error = 0;
  if (!name || !fd || connect(fd.get(), generic(name->address), sizeof name->address) != 0)
    error = errno;
  return fd;
}

bool peer_is_us(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

}  // namespace pcluster
