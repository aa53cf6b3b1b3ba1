// By the user's own ssh: host after host, until one brings the launcher's port here.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>
#include "launcher/io/ssh_tunnel.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {

struct SshCall {
  std::vector<std::string> hosts;  // to log in to
  std::vector<Address> targets;    // where the launcher may be, seen from there
  std::string directory;           // for the sockets
  std::function<void(int pid)> started;
  ClusterKey key{};
  std::string cluster;
};
// Of a worker whose `logins` (the site's words, may be empty) are these.  Pure.
SshCall ssh_call(const LauncherInfo&, const std::vector<std::string>& logins);

class SshWay {
 public:
  using Done =
      std::function<void(LinkPtr link, std::string route, std::vector<std::string> errors)>;
  explicit SshWay(Loop& loop) : loop_(loop) {}
  ~SshWay() { *alive_ = false; }
  // Ends what an earlier one brought.
  void call(SshCall, Done);
  void end() { tunnel_.reset(); }

 private:
  void next();
  void ready(const std::string& host, const std::vector<Address>& sockets,
             const std::string& error);
  void proven(const std::string& host, LinkPtr, const std::vector<std::string>& errors);

  Loop& loop_;
  std::unique_ptr<SshTunnel> tunnel_;
  SshCall call_;
  Done done_;
  std::size_t tried_ = 0;
  std::vector<std::string> errors_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pcluster
