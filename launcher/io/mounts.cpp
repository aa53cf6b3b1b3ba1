// What kind of file system a path is on, by the number that the kernel gives each kind.
// SPDX-License-Identifier: MIT
#include "launcher/io/mounts.hpp"

#include <fmt/format.h>
#include <sys/vfs.h>

namespace pcluster {
namespace {

struct Known {
  std::uint64_t magic;
  const char *name, *kind;
};

// From linux/magic.h and the file systems' own sources.
constexpr Known known[] = {
    {0x6969, "nfs", "shared"},          {0x0BD00BD0, "lustre", "shared"},
    {0x47504653, "gpfs", "shared"},     {0x19830326, "beegfs", "shared"},
    {0x00C36400, "ceph", "shared"},     {0xAAD7AAEA, "panfs", "shared"},
    {0x65735546, "fuse", "shared"},     {0xFF534D42, "cifs", "shared"},
    {0xFE534D42, "smb2", "shared"},     {0x517B, "smb", "shared"},
    {0x5346414F, "afs", "shared"},      {0x01021997, "9p", "shared"},
    {0x7461636F, "ocfs2", "shared"},    {0x01161970, "gfs2", "shared"},
    {0x20030528, "orangefs", "shared"}, {0x01021994, "tmpfs", "ram"},
    {0x858458F6, "ramfs", "ram"},       {0xEF53, "ext4", "local"},
    {0x58465342, "xfs", "local"},       {0x9123683E, "btrfs", "local"},
    {0x2FC12FC1, "zfs", "local"},       {0xF2F52010, "f2fs", "local"},
    {0x794C7630, "overlay", "local"},
};

}  // namespace

FileSystem file_system_of_magic(std::uint64_t magic) {
  for (const auto& each : known)
    if (each.magic == magic) return {each.name, each.kind, 0};
  return {fmt::format("file system {:#x}", magic), "local", 0};
}

std::optional<FileSystem> file_system_of(const std::string& path) {
  struct statfs info {};
  if (statfs(path.c_str(), &info) != 0) return {};
  auto found = file_system_of_magic(static_cast<std::uint32_t>(info.f_type));
  found.free_mb = static_cast<std::uint64_t>(info.f_bavail) *
                  static_cast<std::uint64_t>(info.f_bsize) / (1u << 20);
  return found;
}

}  // namespace pcluster
