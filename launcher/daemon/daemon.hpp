// The launcher process: the core with its hands.  One loop, and the store's writer thread.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>
#include "launcher/base/units.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

struct LauncherOptions {
  std::string directory;  // the cluster's state directory
  std::string cluster;
  bool take_over = false;
  std::vector<std::string> first;      // addresses by which nodes have come before: told first
  PortRange ports;                     // where it may listen
  std::vector<std::string> interface;  // names or address globs: only those are told to workers
};
// `pcluster launcher`: replays the journal, serves until the cluster is stopped.  Returns the exit
// code.
int run_launcher(const LauncherOptions&);

}  // namespace pcluster
