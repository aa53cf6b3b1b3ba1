// The journal as it is written by another: what is new since the last look.  Reads only.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "launcher/io/segment.hpp"
#include "launcher/model/records.hpp"

namespace pcluster {

class JournalTail {
 public:
  explicit JournalTail(std::string directory) : directory_(std::move(directory)) {}
  // Each record with its place among all that can be read, from 1.  One that is not whole yet comes
  // with the next look.
  using Each = std::function<void(std::uint64_t number, const Record&)>;
  void read_new(const Each&);

 private:
  void read_segment(const std::string& name, const Each&);

  std::string directory_, segment_;  // the one that grew last
  std::uint64_t offset_ = 0;         // in it: all before has been read
  std::uint64_t count_ = 0;
  Position last_;
};

}  // namespace pcluster
