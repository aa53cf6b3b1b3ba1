// Sockets as the kernel has them: addresses, options, unix paths of any length.  launcher/io only.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "launcher/io/file.hpp"

namespace pcluster {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};

std::optional<Endpoint> numeric_endpoint(const std::string& host, std::uint16_t port);
std::string show(const Endpoint&);  // "10.0.0.5:40012", "[fe80::1]:4001"
std::string show_address(const std::string& host, std::uint16_t port);

// No delay, keep-alive and user timeout: a dead peer is noticed in about 10 s.
void set_tcp_options(int fd);
Fd start_connect(const Endpoint&, int& error);  // non-blocking; error 0 or EINPROGRESS: on its way
Fd listen_tcp(std::uint16_t first, std::uint16_t last, std::uint16_t& port);  // 0, 0: any
Fd listen_unix_path(const std::string& path);
Fd connect_unix_path(const std::string& path, int& error);  // blocking
bool peer_is_us(int fd);                                    // of a unix socket: the same user

}  // namespace pcluster
