// The one exception: a message for a person, what to do next, and the exit code that scripts rely
// on. SPDX-License-Identifier: MIT
#pragma once
#include <stdexcept>
#include <string>
#include <utility>

namespace pcluster {

// Exit codes of every verb (docs/architecture.md, "Contracts").
enum class Exit : int {
  done = 0,
  tasks_failed = 1,
  usage = 2,      // wrong usage or configuration; a name that we know to be wrong
  refused = 3,    // no launcher, or it or the scheduler refused
  timed_out = 4,  // accepted, but never started
  ours = 125,     // `run`, `exec`, `with`: a failure of ours, not the program's
  interrupted = 130,
};

// Thrown for anything that nobody branches on; caught in main, one connection, one scheduler
// command and one task.  Pure code in core/ never throws.
class Error : public std::runtime_error {
 public:
  Error(Exit code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}

  Exit code() const { return code_; }
  const std::string& hint() const { return hint_; }  // what to do next; may be empty

 private:
  Exit code_;
  std::string hint_;
};

}  // namespace pcluster
