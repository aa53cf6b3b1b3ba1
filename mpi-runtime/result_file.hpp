// $PCLUSTER_RESULT: what a task wrote about itself, read and removed when it has ended.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>

namespace pcluster {

struct TaskColumns {
  std::string json;     // an object, as the task wrote it; empty = nothing usable
  std::string message;  // why it is not usable, for people
};
// Costs one open() when the task wrote nothing.
TaskColumns take_result_file(const std::string& path);

}  // namespace pcluster
