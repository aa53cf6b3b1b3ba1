// Bytes over one non-blocking socket, encrypted or plain.  launcher/io only.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "launcher/io/file.hpp"
#include "launcher/io/tls.hpp"

namespace pcluster {

class Channel {
 public:
  enum class Step { ok, want_read, want_write, closed, failed };

  explicit Channel(Fd fd) : fd_(std::move(fd)) {}
  Channel(Fd fd, std::shared_ptr<TlsKeys> keys);

  Step handshake();  // ok at once on a plain one
  Step read(char* space, std::size_t size, std::size_t& got);
  Step write(std::string_view bytes, std::size_t& taken);
  bool drained(std::size_t got, std::size_t size) const;  // after a read: nothing more is there now
  void close();
  Fd take_socket();                  // without a goodbye: others go on with it
  void say_goodbye();                // TLS: so that the peer can tell an end from a cut
  std::optional<Role> role() const;  // whose key the peer has shown; plain: client
  const std::string& why() const { return why_; }  // after failed
  int fd() const { return fd_.get(); }

 private:
  Step tls_step(int result);
  Step plain_step(Step on_again);

  Fd fd_;
  std::shared_ptr<TlsKeys> keys_;
  SslPtr ssl_;  // before fd_ in destruction
  std::string why_;
};

}  // namespace pcluster
