// What the probe of `doctor` finds on its node without any other host: limits, scratch, programs.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "launcher/io/findings.hpp"

namespace pcluster {

struct NodeQuestions {
  std::string state_directory, local_directory;  // the second: --local-directory, or empty
  ProbeRequest request;
};

void look_at_node(const NodeQuestions&, Findings&);

// "4.1.4" of "mpiexec (OpenRTE) 4.1.4", the line of a version, or its first line.  Pure.
std::string version_in(const std::string& output);

}  // namespace pcluster
