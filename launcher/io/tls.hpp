// TLS 1.3 with an external pre-shared key and nothing else: no certificates, tickets, early data.
// launcher/io only.
// SPDX-License-Identifier: MIT
#pragma once
#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "launcher/io/key.hpp"

namespace pcluster {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

// The keys of one side: the server knows those of all roles, a client its own.
class TlsKeys {
 public:
  static std::shared_ptr<TlsKeys> server(const ClusterKey&, const std::string& cluster);
  static std::shared_ptr<TlsKeys> client(const ClusterKey&, const std::string& cluster, Role);
  ~TlsKeys();

  SslPtr start(int fd) const;  // a connection on a non-blocking socket, which it does not own

  struct Entry {
    Role role;
    std::string identity;
    std::vector<unsigned char> key;
  };
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  TlsKeys(const ClusterKey&, const std::string& cluster, std::vector<Role>, bool is_server);
  std::vector<Entry> entries_;
  std::unique_ptr<SSL_CTX, SslFree> context_;
  bool is_server_;
};

// Whose key the peer has shown; nothing before its first message was verified.
std::optional<Role> proven_role(const SSL*);
// After the handshake: was it the pre-shared key, and nothing else, that proved the peer?
bool proven_by_key(const SSL*);

}  // namespace pcluster
