// TLS 1.3 with an external pre-shared key, on OpenSSL 3.
// SPDX-License-Identifier: MIT
#include "launcher/io/tls.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "launcher/base/error.hpp"
#include "launcher/io/crypto.hpp"

namespace pcluster {
namespace {

constexpr const char* suite = "TLS_AES_128_GCM_SHA256";
constexpr unsigned char suite_id[] = {0x13, 0x01};

// Where a TlsKeys hangs on its SSL_CTX, and the Entry that the peer named on its SSL.
int keys_slot() {
  static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}
int entry_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

const TlsKeys& keys_of(SSL* ssl) {
  return *static_cast<const TlsKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_slot()));
}

// OpenSSL wants an external key as a session to be resumed.
SSL_SESSION* as_session(SSL* ssl, const TlsKeys::Entry& entry) {
  const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, suite_id);
  SSL_SESSION* session = SSL_SESSION_new();
  if (cipher != nullptr && session != nullptr &&
      SSL_SESSION_set1_master_key(session, entry.key.data(), entry.key.size()) == 1 &&
      SSL_SESSION_set_cipher(session, cipher) == 1 &&
      SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1)
    return session;
  SSL_SESSION_free(session);
  return nullptr;
}

int client_uses(SSL* ssl, const EVP_MD* digest, const unsigned char** id, std::size_t* id_size,
                SSL_SESSION** session) {
  const auto& entry = keys_of(ssl).entries().front();
  *session = nullptr;
  *id = nullptr;
  *id_size = 0;
  SSL_SESSION* made = as_session(ssl, entry);
  if (made == nullptr) return 0;
  const auto* ours = SSL_CIPHER_get_handshake_digest(SSL_SESSION_get0_cipher(made));
  if (digest != nullptr && digest != ours) {  // a server that wants a suite that is not ours
    SSL_SESSION_free(made);
    return 1;
  }
  *session = made;
  *id = reinterpret_cast<const unsigned char*>(entry.identity.data());
  *id_size = entry.identity.size();
  return 1;
}

int server_finds(SSL* ssl, const unsigned char* id, std::size_t id_size, SSL_SESSION** session) {
  *session = nullptr;
  const std::string_view wanted(reinterpret_cast<const char*>(id), id_size);
  for (const auto& entry : keys_of(ssl).entries()) {
    if (entry.identity != wanted) continue;
    *session = as_session(ssl, entry);
    SSL_set_ex_data(ssl, entry_slot(), const_cast<TlsKeys::Entry*>(&entry));
    return *session != nullptr ? 1 : 0;
  }
  return 1;  // no such key: without a certificate the handshake fails by itself
}

// OpenSSL's own socket BIO writes with write(2): a peer that went would end us with SIGPIPE.
int bio_write(BIO* bio, const char* bytes, int size) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const auto taken = ::send(fd, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (taken < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(taken);
}

int bio_read(BIO* bio, char* bytes, int size) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const auto got = ::recv(fd, bytes, static_cast<std::size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

BIO* socket_bio(int fd) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pcluster socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  BIO* bio = BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

void check(bool good) {
  if (!good) throw Error(Exit::refused, "OpenSSL does not work here: " + crypto_error());
}

}  // namespace

TlsKeys::TlsKeys(const ClusterKey& key, const std::string& cluster, std::vector<Role> roles,
                 bool is_server)
    : is_server_(is_server) {
  begin_crypto();
  for (const auto role : roles)
    entries_.push_back({role, identity(cluster, role), role_key(key, role)});
  context_.reset(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()));
  check(context_ != nullptr);
  auto* context = context_.get();
  check(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
        SSL_CTX_set_ciphersuites(context, suite) == 1);
  // Never SSL_OP_ALLOW_NO_DHE_KEX: each connection has keys of its own (forward secrecy).
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_read_ahead(context, 1);  // one recv for all records that are there
  SSL_CTX_set_ex_data(context, keys_slot(), this);
  if (is_server) {
    SSL_CTX_set_psk_find_session_callback(context, server_finds);
  } else {
    SSL_CTX_set_psk_use_session_callback(context, client_uses);
    // With an empty store: no certificate passes.  The default would accept any server's.
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
}

TlsKeys::~TlsKeys() {
  for (auto& entry : entries_) OPENSSL_cleanse(entry.key.data(), entry.key.size());
}

std::shared_ptr<TlsKeys> TlsKeys::server(const ClusterKey& key, const std::string& cluster) {
  return std::shared_ptr<TlsKeys>(new TlsKeys(key, cluster, {Role::worker, Role::client}, true));
}

std::shared_ptr<TlsKeys> TlsKeys::client(const ClusterKey& key, const std::string& cluster,
                                         Role role) {
  return std::shared_ptr<TlsKeys>(new TlsKeys(key, cluster, {role}, false));
}

SslPtr TlsKeys::start(int fd) const {
  SslPtr ssl(SSL_new(context_.get()));
  BIO* bio = socket_bio(fd);
  check(ssl != nullptr && bio != nullptr);
  SSL_set_bio(ssl.get(), bio, bio);
  is_server_ ? SSL_set_accept_state(ssl.get()) : SSL_set_connect_state(ssl.get());
  return ssl;
}

std::optional<Role> proven_role(const SSL* ssl) {
  // The name alone proves nothing: only once OpenSSL took the session was its key verified.
  const auto* entry = static_cast<const TlsKeys::Entry*>(SSL_get_ex_data(ssl, entry_slot()));
  if (entry == nullptr || SSL_session_reused(ssl) != 1) return {};
  return entry->role;
}

bool proven_by_key(const SSL* ssl) {
  return SSL_is_init_finished(ssl) == 1 && SSL_session_reused(ssl) == 1 &&
         SSL_version(ssl) == TLS1_3_VERSION;
}

}  // namespace pcluster
