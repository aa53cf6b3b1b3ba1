// Output of many, line by line, each with its owner's name.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>

namespace pcluster {

class LinePrefix {
 public:
  explicit LinePrefix(std::string prefix) : prefix_(std::move(prefix)) {}
  std::string add(std::string_view bytes);  // the whole lines that this completes
  std::string rest();                       // an unfinished last line, completed

 private:
  std::string prefix_, open_;
};

}  // namespace pcluster
