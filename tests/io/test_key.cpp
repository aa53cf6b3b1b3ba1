// The key: made once, read only where nobody else can touch it.
// SPDX-License-Identifier: MIT
#include "launcher/io/key.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a key is made once, and read back") {
  const Scratch scratch;
  const auto path = scratch / "cluster/key";
  const auto made = make_key(path);
  CHECK(make_key(path) == made);
  CHECK(read_key(path) == made);
  CHECK(make_key(scratch / "other/key") != made);
  struct stat about {};
  REQUIRE(stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
}

TEST_CASE("a key that others could know or change is refused, with what to do") {
  const Scratch scratch;
  const auto directory = scratch / "cluster", path = directory + "/key";
  make_key(path);
  const auto refused = [&] { return error_of([&] { read_key(path); }); };

  SUBCASE("others may read it") {
    for (const mode_t mode : {0644, 0640, 0620, 0604, 0602, 0601}) {
      chmod(path.c_str(), mode);
      CHECK(refused().hint() == "chmod 600 " + path);
    }
    chmod(path.c_str(), 0400);
    CHECK_NOTHROW(read_key(path));
  }
  SUBCASE("others may enter its directory") {
    for (const mode_t mode : {0755, 0750, 0711, 0701, 0770}) {
      chmod(directory.c_str(), mode);
      CHECK(refused().hint() == "chmod 700 " + directory);
    }
  }
  SUBCASE("everyone may rename its directory") {
    chmod(scratch.path.c_str(), 0777);
    CHECK(contains(refused().hint(), "chmod o-w " + scratch.path));
    chmod(scratch.path.c_str(), 01777);  // as /tmp
    CHECK_NOTHROW(read_key(path));
  }
  SUBCASE("a symbolic link") {
    REQUIRE(rename(path.c_str(), (directory + "/real").c_str()) == 0);
    REQUIRE(symlink("real", path.c_str()) == 0);
    CHECK(contains(refused().what(), "symbolic link"));
  }
  SUBCASE("its directory is a symbolic link") {
    REQUIRE(symlink(directory.c_str(), (scratch / "link").c_str()) == 0);
    CHECK(contains(error_of([&] { read_key(scratch / "link/key"); }).what(), "symbolic link"));
  }
  SUBCASE("a hard link") {
    REQUIRE(link(path.c_str(), (scratch / "second").c_str()) == 0);
    CHECK(contains(refused().what(), "hard link"));
  }
  SUBCASE("a FIFO") {
    unlink(path.c_str());
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    CHECK(contains(refused().what(), "not a regular file"));
  }
  SUBCASE("another owner") {
    if (geteuid() != 0) return;  // only root can give a file away
    REQUIRE(chown(path.c_str(), 65534, 65534) == 0);
    CHECK(contains(refused().what(), "another user"));
    REQUIRE(chown(path.c_str(), 0, 0) == 0);
    REQUIRE(chown(directory.c_str(), 65534, 65534) == 0);
    CHECK(contains(refused().what(), "another user"));
  }
  SUBCASE("cut short, or no key at all") {
    for (const auto* text : {"", "0123456789abcdef\n", "hello"}) {
      write_file(path, text);
      CHECK(contains(refused().what(), "is not a key"));
    }
  }
  SUBCASE("missing") {
    unlink(path.c_str());
    CHECK(contains(refused().what(), "there is no key"));
  }
}

TEST_CASE("each role has a key of its own, the same on every host") {
  ClusterKey key{};
  key[0] = 1;
  ClusterKey other = key;
  other[31] = 1;
  const std::set<std::vector<unsigned char>> all{
      role_key(key, Role::worker), role_key(key, Role::client), role_key(other, Role::worker)};
  CHECK(all.size() == 3);
  CHECK(role_key(key, Role::worker) == role_key(key, Role::worker));
  CHECK(role_key(key, Role::worker).size() == 32);
  CHECK(identity("brain", Role::worker) == "v1:brain:worker");
}

TEST_CASE("tokens are random and plain, digests are SHA-256") {
  std::set<std::string> tokens;
  for (int i = 0; i < 100; ++i) tokens.insert(random_token(12));
  CHECK(tokens.size() == 100);
  for (const auto& token : tokens)
    CHECK(token.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == token.npos);
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
