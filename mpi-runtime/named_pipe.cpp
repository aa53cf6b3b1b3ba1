// A named pipe between a worker and a rank: mpiexec passes no descriptors on.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/named_pipe.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "launcher/base/error.hpp"

namespace pcluster {
namespace {

Error cannot(const std::string& path, int error) {
  return {Exit::ours, fmt::format("no named pipe {}: {}", path, std::strerror(error)),
          "name a directory that can hold one: submit --local-directory"};
}

}  // namespace

Fd open_named_pipe(const std::string& path, int mode) {
  Fd fd(open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (fd) return fd;
  const int error = errno;
  unlink(path.c_str());
  throw cannot(path, error);
}

Fd make_named_pipe(const std::string& path, int mode) {
  unlink(path.c_str());
  if (mkfifo(path.c_str(), 0600) != 0) throw cannot(path, errno);
  return open_named_pipe(path, mode);
}

}  // namespace pcluster
