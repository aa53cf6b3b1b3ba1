// What the users of OpenSSL here share; launcher/io only.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>

namespace pcluster {

// Before any other call into OpenSSL: without the configuration file of the site or of the user's
// conda, which may name modules that our static OpenSSL cannot load.
void begin_crypto();
std::string crypto_error();  // the last error as text; forgets it

}  // namespace pcluster
