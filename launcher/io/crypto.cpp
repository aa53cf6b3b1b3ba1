// What the users of OpenSSL here share.
// SPDX-License-Identifier: MIT
#include "launcher/io/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>

namespace pcluster {

void begin_crypto() { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

std::string crypto_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

}  // namespace pcluster
