// What kind of file system a path is on.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace pcluster {

struct FileSystem {
  std::string name;  // "nfs", "xfs"; the number of one that we do not know
  std::string kind;  // "shared" by hosts, "ram", or "local"
  std::uint64_t free_mb = 0;
  bool operator==(const FileSystem&) const = default;
};

FileSystem file_system_of_magic(std::uint64_t magic);  // pure; says nothing of free space
std::optional<FileSystem> file_system_of(const std::string& path);  // nothing: it is not there

}  // namespace pcluster
