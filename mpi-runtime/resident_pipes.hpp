// The two named pipes between a worker and a resident.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include "launcher/io/file.hpp"

namespace pcluster {

// Named, because mpiexec passes no descriptors on: the rank that reads opens them itself.
class ResidentPipes {
 public:
  explicit ResidentPipes(const std::string& base);  // throws Error
  ~ResidentPipes();
  ResidentPipes(const ResidentPipes&) = delete;
  ResidentPipes& operator=(const ResidentPipes&) = delete;

  const std::string& trials_path() const { return trials_path_; }
  const std::string& answers_path() const { return answers_path_; }
  int answers() const { return answers_.get(); }

  // All of it, or none yet: what does not fit waits for flush().
  void send(std::string_view lines);
  bool flush();                             // true: nothing waits
  bool untouched(std::size_t bytes) const;  // nobody has read any of so many that were sent last
  void close_trials();                      // end of file for the program
  bool closed() const { return !trials_; }
  enum class Read { more, nothing, end };
  Read read(std::string& into);  // end: all who had it open for writing closed it

 private:
  std::string trials_path_, answers_path_;
  Fd trials_, answers_;
  std::string unsent_;
};

}  // namespace pcluster
