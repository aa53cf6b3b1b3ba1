// A launcher that ends while a verb follows a workload, and comes back.
// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "launcher/cli/client.hpp"
#include "launcher/cli/session.hpp"

namespace pcluster {

class Comeback {
 public:
  Comeback(const Session& session, WorkloadId id) : session_(session), id_(id) {}
  // After the connection was lost: waits for a launcher, starts it if nobody does, and follows the
  // workload there.  Throws Error when none stays.
  Client await();

 private:
  const Session& session_;
  WorkloadId id_;
  std::vector<Time> losses_;  // of the launcher, within the window
};

}  // namespace pcluster
