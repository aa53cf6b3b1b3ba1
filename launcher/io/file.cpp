// Files and directories: whole reads, atomic writes, private directories.
// SPDX-License-Identifier: MIT
#include "launcher/io/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/key.hpp"
#include "launcher/io/write_copy.hpp"

namespace pcluster {
namespace {

std::string hint_for(int error) {
  if (error == ENOSPC) return "the file system is full: make room on it";
  if (error == EDQUOT) return "your quota on this file system is used up: make room";
  if (error == EACCES || error == EPERM) return "check who owns it, and its permissions: ls -ld";
  return {};
}

[[noreturn]] void fail(std::string_view what, const std::string& path, int error) {
  throw Error(Exit::refused, fmt::format("cannot {} {}: {}", what, path, std::strerror(error)),
              hint_for(error));
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void sync_directory(const std::string& path) {
  const Fd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a directory (EINVAL); the rename is as durable as it gets there.
  if (directory && fsync(directory.get()) != 0 && errno != EINVAL) fail("sync", path, errno);
}

// The first error's number, or 0.
int write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto taken = ::write(fd, bytes.data(), bytes.size());
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(taken));
  }
  return 0;
}

std::string read_whole(int fd, const std::string& path) {
  constexpr std::size_t more = 4096;  // room for it is kept: a file's text grows only once
  struct stat about {};
  if (fstat(fd, &about) != 0) fail("read", path, errno);
  std::string text;
  if (about.st_size > 0) text.reserve(static_cast<std::size_t>(about.st_size) + more);
  for (;;) {
    // /proc and pipes say size 0: read until nothing comes.
    const auto before = text.size();
    text.resize(std::max(text.capacity(), before + more));
    const auto got = ::read(fd, text.data() + before, text.size() - before);
    const int error = errno;
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return text;
    if (got < 0 && error != EINTR) fail("read", path, error);
  }
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::optional<std::string> read_file_if_there(const std::string& path) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (!file) fail("open", path, errno);
  return read_whole(file.get(), path);
}

std::string read_file(const std::string& path) {
  auto text = read_file_if_there(path);
  if (!text) fail("open", path, ENOENT);
  return std::move(*text);
}

namespace {

void write_and_rename(const std::string& path, std::string_view text, int mode, bool sync) {
  const auto temporary = fmt::format("{}.{}.tmp", path, random_token(8));
  Fd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) fail("write", path, errno);
  int error = write_whole(file.get(), text);
  if (error == 0 && fchmod(file.get(), static_cast<mode_t>(mode)) != 0) error = errno;
  if (error == 0 && sync && fsync(file.get()) != 0) error = errno;
  // NFS says at the close that there was no room.
  if (::close(file.release()) != 0 && error == 0) error = errno;
  if (error == 0 && rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    unlink(temporary.c_str());
    fail("write", path, error);
  }
  if (sync) sync_directory(parent_of(path));
}

}  // namespace

void write_file(const std::string& path, std::string_view text, int mode) {
  write_and_rename(path, text, mode, true);
}

void write_copy(const std::string& path, std::string_view text) {
  write_and_rename(path, text, 0600, false);
}

void append_file(const std::string& path, std::string_view text) {
  const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file) fail("write", path, errno);
  if (const int error = write_whole(file.get(), text)) fail("write", path, error);
}

void write_all(int fd, std::string_view bytes) {
  if (const int error = write_whole(fd, bytes))
    fail("write", fmt::format("descriptor {}", fd), error);
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::vector<std::string> list_directory(const std::string& path) {
  std::vector<std::string> names;
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr && (errno == ENOENT || errno == ENOTDIR)) return names;
  if (directory == nullptr) fail("list", path, errno);
  while (const auto* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

void make_directories(const std::string& path, int mode) {
  if (mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0) return;
  if (errno == ENOENT && parent_of(path) != path) {
    make_directories(parent_of(path), mode);
    if (mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0) return;
  }
  const int error = errno;
  struct stat about {};
  if (stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) return;
  fail("make directory", path, error);
}

void make_private_directory(const std::string& path) {
  make_directories(parent_of(path));
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) fail("make directory", path, errno);
  const Fd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory && (errno == ELOOP || errno == ENOTDIR))
    throw Error(Exit::refused, path + " is not a directory (or is a symbolic link)",
                "give the real directory, or remove it: rm " + shell_quote(path));
  struct stat about {};
  if (!directory || fstat(directory.get(), &about) != 0) fail("open", path, errno);
  if (about.st_uid != geteuid())
    throw Error(Exit::refused, path + " belongs to another user",
                "choose another state directory: export PCLUSTER_DIR=...");
  if ((about.st_mode & 077) != 0)
    throw Error(Exit::refused, fmt::format("others may enter {}, which keeps the key", path),
                "chmod 700 " + shell_quote(path));
}

void remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) fail("remove", path, error.value());
}

}  // namespace pcluster
