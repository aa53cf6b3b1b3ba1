// The cluster's secret, and what is derived from it.
// SPDX-License-Identifier: MIT
#include "launcher/io/key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/crypto.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i)
    text += {hex_digits[bytes[i] >> 4], hex_digits[bytes[i] & 15]};
  return text;
}

void fill_random(unsigned char* bytes, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const auto got = getrandom(bytes + done, size - done, 0);
    if (got < 0 && errno != EINTR)
      throw Error(Exit::refused, fmt::format("no random numbers: {}", std::strerror(errno)));
    if (got > 0) done += static_cast<std::size_t>(got);
  }
}

[[noreturn]] void refuse(const std::string& message, const std::string& hint) {
  throw Error(Exit::refused, message, hint);
}

struct KeyPath {
  std::string directory, name;
};

KeyPath parts(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

// Whoever may write a directory above could put another one in our place.  A group's directory is
// usual at clusters; what lies in ours is ours, which is checked.
void check_above(const std::string& directory) {
  char* real = realpath(directory.c_str(), nullptr);
  if (real == nullptr) return;  // the open below says why
  std::string path = real;
  std::free(real);
  for (auto slash = path.rfind('/'); slash != path.npos && slash > 0; slash = path.rfind('/')) {
    path.resize(slash);
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) continue;
    if ((about.st_mode & S_IWOTH) != 0 && (about.st_mode & S_ISVTX) == 0)
      refuse(fmt::format("everyone may rename what lies in {}, our key's directory too", path),
             "chmod o-w " + shell_quote(path) + ", or choose another state directory");
  }
}

Fd open_directory(const std::string& path) {
  check_above(path);
  Fd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory && (errno == ELOOP || errno == ENOTDIR))
    refuse(path + " is a symbolic link, not the directory of the key", "give the real directory");
  struct stat about {};
  if (!directory || fstat(directory.get(), &about) != 0)
    refuse(fmt::format("cannot open {}: {}", path, std::strerror(errno)),
           "is this the cluster's state directory, and the file system mounted here?");
  if (about.st_uid != geteuid())
    refuse(path + ", the directory of the key, belongs to another user",
           "choose another state directory: export PCLUSTER_DIR=...");
  if ((about.st_mode & 077) != 0)
    refuse("others may enter " + path + ", the directory of the key",
           "chmod 700 " + shell_quote(path));
  return directory;
}

void check_file(int fd, const std::string& path) {
  struct stat about {};
  if (fstat(fd, &about) != 0)
    refuse(fmt::format("cannot read {}: {}", path, std::strerror(errno)), "");
  const auto remove = "remove it, and stop and submit again: rm " + shell_quote(path);
  if (!S_ISREG(about.st_mode)) refuse(path + " is not a regular file", remove);
  if (about.st_uid != geteuid()) refuse(path + ", the key, belongs to another user", remove);
  if ((about.st_mode & 077) != 0)
    refuse("others may read or write " + path + ", the key", "chmod 600 " + shell_quote(path));
  if (about.st_nlink != 1) refuse(path + ", the key, has a second name (hard link)", remove);
}

ClusterKey parse_key(std::string_view text, const std::string& path) {
  ClusterKey key{};
  const auto digits = trim(text);
  bool good = digits.size() == 2 * key.size();
  for (std::size_t i = 0; good && i < key.size(); ++i) {
    const auto high = hex_digits.find(digits[2 * i]), low = hex_digits.find(digits[2 * i + 1]);
    good = high != hex_digits.npos && low != hex_digits.npos;
    if (good) key[i] = static_cast<unsigned char>(high << 4 | low);
  }
  if (!good)
    refuse(path + " is not a key (64 hexadecimal digits)",
           "remove it, and stop and submit again: rm " + shell_quote(path));
  return key;
}

std::optional<ClusterKey> read_if_there(int directory, const std::string& name,
                                        const std::string& path) {
  // O_NONBLOCK: a FIFO in its place must not hold us.
  const Fd file(openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file && errno == ENOENT) return {};
  if (!file && errno == ELOOP)
    refuse(path + ", the key, is a symbolic link",
           "remove it, and stop and submit again: rm " + shell_quote(path));
  if (!file) refuse(fmt::format("cannot open the key {}: {}", path, std::strerror(errno)), "");
  check_file(file.get(), path);
  std::array<char, 256> text{};
  const auto size = ::read(file.get(), text.data(), text.size());
  if (size < 0) refuse(fmt::format("cannot read the key {}: {}", path, std::strerror(errno)), "");
  return parse_key({text.data(), static_cast<std::size_t>(size)}, path);
}

}  // namespace

std::string_view to_string(Role role) { return role == Role::worker ? "worker" : "client"; }

ClusterKey read_key(const std::string& path) {
  const auto [directory, name] = parts(path);
  const Fd opened = open_directory(directory);
  const auto key = read_if_there(opened.get(), name, path);
  if (!key)
    refuse("there is no key " + path,
           "no cluster of this name runs, or this host does not see its state directory");
  return *key;
}

ClusterKey make_key(const std::string& path) {
  const auto [directory, name] = parts(path);
  make_private_directory(directory);
  const Fd opened = open_directory(directory);
  if (const auto key = read_if_there(opened.get(), name, path)) return *key;
  ClusterKey key{};
  fill_random(key.data(), key.size());
  write_file(path, to_hex(key.data(), key.size()) + "\n", 0600);
  return key;
}

std::vector<unsigned char> role_key(const ClusterKey& key, Role role) {
  begin_crypto();
  const std::string info = fmt::format("pcluster v1 {}", to_string(role));
  std::string salt = "pcluster", digest = "SHA256", text = info;
  ClusterKey secret = key;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, text.data(), text.size()),
      OSSL_PARAM_construct_end()};
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  std::vector<unsigned char> derived(32);
  const bool good =
      context != nullptr && EVP_KDF_derive(context, derived.data(), derived.size(), params) == 1;
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  OPENSSL_cleanse(secret.data(), secret.size());
  if (!good) throw Error(Exit::refused, "cannot derive a key: " + crypto_error());
  return derived;
}

std::string identity(const std::string& cluster, Role role) {
  return fmt::format("v1:{}:{}", cluster, to_string(role));
}

std::string random_token(std::size_t characters) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr unsigned fair = 256 / letters.size() * letters.size();  // above: one letter too likely
  std::string token;
  while (token.size() < characters) {
    unsigned char byte = 0;
    fill_random(&byte, 1);
    if (byte < fair) token += letters[byte % letters.size()];
  }
  return token;
}

std::string sha256_hex(std::string_view bytes) {
  begin_crypto();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    throw Error(Exit::refused, "cannot compute a SHA-256: " + crypto_error());
  return to_hex(digest.data(), size);
}

}  // namespace pcluster
