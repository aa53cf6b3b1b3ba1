// A control group per task that asked for memory, where the kernel lets us make one: version 1
// below our own group; version 2 below it or beside it, where the memory controller is passed on.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include "mpi-runtime/size.hpp"

namespace pcluster {

class MemoryGroups {
 public:
  // `own`: that of this process; none: nothing can be made, nothing is counted.
  explicit MemoryGroups(std::optional<MemoryPlace> own) : own_(std::move(own)) {}

  // A new, empty group with this limit: its directory.  Empty: there can be none here.
  std::string make(const std::string& name, std::uint64_t limit_kb);
  void remove(const std::string& group) const;  // when its processes are gone
  std::uint64_t peak_kb(const std::string& group) const;
  // Processes that the kernel killed for want of memory: there, or in our own group.
  std::uint64_t kills(const std::string& group) const;
  std::uint64_t kills() const { return own_ ? kills(own_->directory) : 0; }
  bool has_processes(const std::string& group) const;
  void give_up() { given_up_ = true; }  // what was made does not hold anybody

 private:
  std::optional<std::string> base() const;

  std::optional<MemoryPlace> own_;
  bool given_up_ = false;
};

}  // namespace pcluster
