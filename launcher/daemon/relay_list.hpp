// The workers that hand connections on, told to those who need them: in launcher.json, which is
// rewritten for it once a second at most.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <vector>

#include "launcher/core/core.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {

class RelayList {
 public:
  RelayList(Loop&, StateDirectory, LauncherInfo);  // without relays, as it was written
  ~RelayList();
  void tell(const std::vector<RelayAt>&);

 private:
  void write();

  Loop& loop_;
  StateDirectory directory_;
  LauncherInfo info_;
  std::vector<RelayInfo> written_;
  Time next_ = 0;  // not to be written before
  std::optional<TimerId> timer_;
};

}  // namespace pcluster
