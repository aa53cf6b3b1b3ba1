// Files: whole, atomic, private.
// SPDX-License-Identifier: MIT
#include "launcher/io/file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat about {};
  stat(path.c_str(), &about);
  return about.st_mode & 07777;
}

}  // namespace

TEST_CASE("what is written is read, and nothing else is left") {
  const Scratch scratch;
  const std::string text = std::string("a\0b\n", 4) + std::string(100'000, 'x');
  write_file(scratch / "f", "old");
  write_file(scratch / "f", text, 0700);
  CHECK(read_file(scratch / "f") == text);
  CHECK(mode_of(scratch / "f") == 0700);
  append_file(scratch / "f", "more");
  CHECK(read_file(scratch / "f") == text + "more");
  CHECK(list_directory(scratch.path) == std::vector<std::string>{"f"});
}

TEST_CASE("a file that is missing is nothing, or an error with its path") {
  const Scratch scratch;
  CHECK_FALSE(read_file_if_there(scratch / "none"));
  CHECK_FALSE(read_file_if_there(scratch / "no/such/place"));
  const auto error = error_of([&] { read_file(scratch / "none"); });
  CHECK(std::string(error.what()).find(scratch / "none") != std::string::npos);
  CHECK(list_directory(scratch / "none").empty());
  const auto refused = error_of([&] { write_file(scratch / "none/f", "x"); });
  CHECK(std::string(refused.what()).find("No such file") != std::string::npos);
}

TEST_CASE("files of /proc, whose size is 0, are read whole") {
  CHECK(read_file("/proc/self/status").find("VmPeak") != std::string::npos);
}

TEST_CASE("a private directory is ours alone, or refused with the chmod") {
  const Scratch scratch;
  const auto path = scratch / "a/b/private";
  make_private_directory(path);
  CHECK(mode_of(path) == 0700);
  CHECK_NOTHROW(make_private_directory(path));
  chmod(path.c_str(), 0750);
  CHECK(error_of([&] { make_private_directory(path); }).hint() == "chmod 700 " + path);
  REQUIRE(symlink(path.c_str(), (scratch / "link").c_str()) == 0);
  CHECK(error_of([&] { make_private_directory(scratch / "link"); }).code() == Exit::refused);
  write_file(scratch / "file", "");
  CHECK(error_of([&] { make_private_directory(scratch / "file"); }).code() == Exit::refused);
}

TEST_CASE("programs are found as a shell would") {
  const Scratch scratch;
  write_file(scratch / "tool", "#!/bin/sh\n", 0755);
  write_file(scratch / "data", "", 0644);
  CHECK(find_program("tool", "/nowhere:" + scratch.path) == scratch / "tool");
  CHECK(find_program(scratch / "tool", "") == scratch / "tool");
  CHECK_FALSE(find_program("data", scratch.path));
  CHECK_FALSE(find_program("tool", "/nowhere"));
  CHECK_FALSE(find_program("", scratch.path));
  CHECK(own_binary().find("test_io") != std::string::npos);
}
