// Calls the launcher until it answers, wherever it is by then: reads launcher.json and the key anew
// each time, tries every address, and backs off.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <optional>
#include <random>
#include <string>
#include "launcher/io/link.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {

class Dial {
 public:
  Dial(Loop&, StateDirectory, std::string cluster, std::function<void(const std::string&)> say,
       std::function<void(LinkPtr)> connected, std::function<void()> key_is_gone);
  ~Dial();
  void call();  // now
  void call_later();
  void answered() { misses_ = 0; }  // we were welcomed: the next trouble is a new one

 private:
  void missed(const std::string& why);

  Loop& loop_;
  StateDirectory directory_;
  std::string cluster_;
  std::function<void(const std::string&)> say_;
  std::function<void(LinkPtr)> connected_;
  std::function<void()> key_is_gone_;
  std::optional<TimerId> timer_;
  std::minstd_rand random_;
  unsigned misses_ = 0;
  std::string last_why_;
  bool calling_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// How long to wait after so many misses; `chance` is in [0, 1).  Pure.
Micros back_off(unsigned misses, double chance);
// What to do about it, from the errors of all addresses.  Pure.
std::string remedy(const std::vector<std::string>& errors, const LauncherInfo&,
                   const StateDirectory&);

}  // namespace pcluster
