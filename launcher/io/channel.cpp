// Bytes over one non-blocking socket, encrypted or plain.
// SPDX-License-Identifier: MIT
#include "launcher/io/channel.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "launcher/io/crypto.hpp"

namespace pcluster {
namespace {

// What OpenSSL says of a peer without our key is no help to anybody.
std::string explain(unsigned long code, bool in_handshake) {
  const int reason = ERR_GET_REASON(code);
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: return "speaks another protocol, not pcluster's";
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_BINDER_DOES_NOT_VERIFY:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM: return "not our cluster's key";
    default: break;
  }
  // Which alert a server sends for a wrong key has changed within OpenSSL 3.0.
  if (in_handshake && reason > SSL_AD_REASON_OFFSET) return "not our cluster's key";
  const char* text = ERR_reason_error_string(code);
  return text != nullptr ? text : "TLS error " + std::to_string(code);
}

}  // namespace

Channel::Channel(Fd fd, std::shared_ptr<TlsKeys> keys)
    : fd_(std::move(fd)), keys_(std::move(keys)), ssl_(keys_->start(fd_.get())) {}

std::optional<Role> Channel::role() const {
  return ssl_ ? proven_role(ssl_.get()) : std::optional(Role::client);
}

Channel::Step Channel::plain_step(Step on_again) {
  if (errno == EAGAIN || errno == EINTR) return on_again;
  why_ = std::strerror(errno);
  return Step::failed;
}

Channel::Step Channel::tls_step(int result) {
  const int error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return Step::ok;
    case SSL_ERROR_WANT_READ: return Step::want_read;
    case SSL_ERROR_WANT_WRITE: return Step::want_write;
    case SSL_ERROR_ZERO_RETURN: return Step::closed;
    case SSL_ERROR_SYSCALL:
      if (error == 0) return Step::closed;
      why_ = std::strerror(error);
      return Step::failed;
    default: break;
  }
  const auto code = ERR_peek_error();
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return Step::closed;
  why_ = code != 0 ? explain(code, SSL_is_init_finished(ssl_.get()) != 1) : "TLS failed";
  return Step::failed;
}

Channel::Step Channel::handshake() {
  if (!ssl_) return Step::ok;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return tls_step(result);
  if (proven_by_key(ssl_.get())) return Step::ok;
  why_ = "not our cluster's key";  // a certificate, or nothing: never reached with our settings
  return Step::failed;
}

Channel::Step Channel::read(char* space, std::size_t size, std::size_t& got) {
  got = 0;
  if (!ssl_) {
    const auto count = ::recv(fd_.get(), space, size, 0);
    if (count < 0) return plain_step(Step::want_read);
    got = static_cast<std::size_t>(count);
    return got == 0 ? Step::closed : Step::ok;
  }
  ERR_clear_error();
  errno = 0;
  const int count = SSL_read(ssl_.get(), space, static_cast<int>(size));
  if (count <= 0) return tls_step(count);
  got = static_cast<std::size_t>(count);
  return Step::ok;
}

Channel::Step Channel::write(std::string_view bytes, std::size_t& taken) {
  taken = 0;
  if (bytes.empty()) return Step::ok;
  if (!ssl_) {
    const auto count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return plain_step(Step::want_write);
    taken = static_cast<std::size_t>(count);
    return Step::ok;
  }
  ERR_clear_error();
  errno = 0;
  // One record at most goes per call (partial write), so the queue may be of any size.
  constexpr std::size_t most = 1u << 20;
  const int count =
      SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min(bytes.size(), most)));
  if (count <= 0) return tls_step(count);
  taken = static_cast<std::size_t>(count);
  return Step::ok;
}

// Saves a call to the kernel per wake-up, which would mostly find nothing.
bool Channel::drained(std::size_t got, std::size_t size) const {
  return ssl_ ? SSL_has_pending(ssl_.get()) == 0 : got < size;
}

void Channel::close() {
  ssl_.reset();
  fd_.reset();
}

Fd Channel::take_socket() {
  ssl_.reset();
  return std::move(fd_);
}

void Channel::say_goodbye() {
  if (!ssl_ || SSL_is_init_finished(ssl_.get()) != 1) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace pcluster
