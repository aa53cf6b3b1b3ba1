// Calls the launcher until it answers, wherever it is by then: reads launcher.json and the key anew
// each time, climbs the ladder of ways, and backs off.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>
#include "launcher/io/link.hpp"
#include "launcher/io/state.hpp"
#include "mpi-runtime/ladder.hpp"
#include "mpi-runtime/ssh_way.hpp"

namespace pcluster {

struct DialOptions {
  StateDirectory directory;
  std::string cluster;
  std::string scratch;              // a directory of ours alone, for ssh's sockets; empty: no ssh
  std::vector<std::string> logins;  // hosts for ssh, of the site; empty: the launcher's own
  Ladder::Times times;
  std::function<void(int pid)> spare;  // told of each ssh: it is no task's
};

// How we reached the launcher.
struct Way {
  Rung rung = Rung::direct;
  std::string route;  // for people: "10.0.0.1:4001", "through w3 on n14", "ssh login1"
  Address at;         // where others can be handed on to; no host: not by this way
};

class Dial {
 public:
  Dial(Loop&, DialOptions, std::function<void(const std::string&)> say,
       std::function<void(LinkPtr)> connected, std::function<void()> key_is_gone);
  ~Dial();
  void call();  // now
  void call_later();
  void answered();                         // we were welcomed: the next trouble is a new one
  const Way& way() const { return way_; }  // of the link given last

 private:
  void next();
  void call_direct(Micros within, std::function<void(LinkPtr, std::vector<std::string>)> done);
  void call_direct();
  void call_relays();
  void call_ssh();
  void failed(Rung, std::vector<std::string> errors);
  void reached(Rung, LinkPtr, const std::string& route);
  void missed(const std::string& why);
  void look_for_direct();

  Loop& loop_;
  DialOptions options_;
  std::function<void(const std::string&)> say_;
  std::function<void(LinkPtr)> connected_;
  std::function<void()> key_is_gone_;
  std::optional<TimerId> timer_, direct_timer_;
  std::minstd_rand random_;
  Ladder ladder_;
  SshWay ssh_;
  // Of this round.
  LauncherInfo launcher_;
  ClusterKey key_{};
  std::vector<Rung> rungs_;
  std::vector<std::string> direct_errors_, other_errors_;

  std::vector<RelayInfo>
      relays_;  // the last that we were told of: they may be home before they are told
  Way way_;
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
