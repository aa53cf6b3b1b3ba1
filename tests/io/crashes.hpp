// For the tests of what survives: a disk whose machine dies.  What was written and not synced is
// kept, lost, torn or there without what was written before it, as chance has it; a file's name may
// be gone until its directory was synced, and a removed file may be back.
// SPDX-License-Identifier: MIT
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "launcher/io/disk.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {

class CrashDisk {
 public:
  explicit CrashDisk(std::uint64_t seed) : chance_(seed) {}

  double failing = 0;  // of syncs

  std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : chance_() % end; }
  bool often(double share) { return static_cast<double>(below(1000)) < share * 1000; }

  Disk functions() {
    Disk disk;
    disk.write = [this](int fd, const void* bytes, std::size_t size) {
      return put(fd, bytes, size, static_cast<std::size_t>(lseek(fd, 0, SEEK_END)));
    };
    disk.pwrite = [this](int fd, const void* bytes, std::size_t size, off_t at) {
      return put(fd, bytes, size, static_cast<std::size_t>(at));
    };
    disk.sync_data = [this](int fd) { return sync(files_[path_of(fd)]); };
    disk.sync = [this](int fd) {
      if (often(failing)) return errno = EIO, -1;
      const auto directory = path_of(fd) + "/";
      for (auto& [path, file] : files_)
        if (path.starts_with(directory)) file.named = true;
      return 0;
    };
    return disk;
  }

  // The files of now become those that the next start of the machine finds.
  void crash() {
    for (auto& [path, file] : files_) {
      settle(file);
      const bool removed = !exists(path);
      unlink(path.c_str());
      if ((removed || !file.named) && often(0.5)) continue;
      append_file(path, file.durable);
    }
    files_.clear();
  }

 private:
  struct Write {
    std::size_t at = 0;
    std::string bytes;
  };
  struct File {
    std::string durable;
    std::vector<Write> waiting;
    bool named = false;  // its directory was synced since
  };

  static std::string path_of(int fd) {
    char path[4096];
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    const auto size = readlink(link.c_str(), path, sizeof path);
    return {path, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

  ssize_t put(int fd, const void* bytes, std::size_t size, std::size_t at) {
    if (often(0.3)) size = 1 + below(size);  // a short write
    files_[path_of(fd)].waiting.push_back({at, {static_cast<const char*>(bytes), size}});
    return ::pwrite(fd, bytes, size, static_cast<off_t>(at));
  }

  // A sync that fails: what waited may be on the disk or not, and no later sync tells.
  int sync(File& file) {
    if (often(failing)) {
      settle(file);
      return errno = EIO, -1;
    }
    for (const auto& write : file.waiting) keep(file, write.at, write.bytes);
    file.waiting.clear();
    return 0;
  }

  void settle(File& file) {
    std::shuffle(file.waiting.begin(), file.waiting.end(), chance_);
    for (const auto& write : file.waiting) {
      const auto end = write.at + write.bytes.size();
      switch (below(5)) {
        case 0: break;
        case 1: keep(file, end, ""); break;  // its length without its bytes
        case 2: keep(file, write.at, write.bytes.substr(0, below(write.bytes.size()))); break;
        case 3: {
          const auto from = below(write.bytes.size());
          keep(file, write.at + from, write.bytes.substr(from));
          break;
        }
        default: keep(file, write.at, write.bytes);
      }
    }
    file.waiting.clear();
  }

  static void keep(File& file, std::size_t at, const std::string& bytes) {
    if (file.durable.size() < at + bytes.size()) file.durable.resize(at + bytes.size());
    file.durable.replace(at, bytes.size(), bytes);
  }

  std::mt19937_64 chance_;
  std::map<std::string, File> files_;
};

}  // namespace pcluster
