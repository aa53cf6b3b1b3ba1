// The calls that a full or failing disk answers with errors, so that tests can be that disk.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/vfs.h>
#include <unistd.h>

#include <functional>

#include "launcher/base/units.hpp"

namespace pcluster {

struct Disk {
  std::function<ssize_t(int, const void*, std::size_t)> write = ::write;
  std::function<ssize_t(int, const void*, std::size_t, off_t)> pwrite = ::pwrite;
  std::function<int(int)> sync_data = ::fdatasync;
  std::function<int(int)> sync = ::fsync;  // of a directory
  Micros retry = second;                   // between attempts while writing fails
  std::function<int(int, struct statfs*)> about = ::fstatfs;
};

}  // namespace pcluster
