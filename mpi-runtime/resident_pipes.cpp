// The two named pipes between a worker and a resident.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/resident_pipes.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "mpi-runtime/named_pipe.hpp"

namespace pcluster {

// Open for reading too: writing never finds nobody there, and whoever opens it need not wait.
ResidentPipes::ResidentPipes(const std::string& base)
    : trials_path_(base + ".trials"),
      answers_path_(base + ".answers"),
      trials_(make_named_pipe(trials_path_, O_RDWR)),
      answers_(make_named_pipe(answers_path_, O_RDONLY)) {}

ResidentPipes::~ResidentPipes() {
  unlink(trials_path_.c_str());
  unlink(answers_path_.c_str());
}

void ResidentPipes::send(std::string_view lines) {
  unsent_.append(lines);
  flush();
}

bool ResidentPipes::flush() {
  while (!unsent_.empty() && trials_) {
    const ssize_t n = write(trials_.get(), unsent_.data(), unsent_.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    unsent_.erase(0, static_cast<std::size_t>(n));
  }
  return true;
}

bool ResidentPipes::untouched(std::size_t bytes) const {
  int waiting = 0;
  if (!trials_ || bytes == 0 || ioctl(trials_.get(), FIONREAD, &waiting) != 0) return false;
  return static_cast<std::size_t>(waiting) + unsent_.size() == bytes;
}

void ResidentPipes::close_trials() { trials_.reset(); }

ResidentPipes::Read ResidentPipes::read(std::string& into) {
  char bytes[16 * 1024];
  ssize_t n = 0;
  do n = ::read(answers_.get(), bytes, sizeof bytes);
  while (n < 0 && errno == EINTR);
  if (n < 0) return Read::nothing;
  into.append(bytes, static_cast<std::size_t>(n));
  return n == 0 ? Read::end : Read::more;
}

}  // namespace pcluster
