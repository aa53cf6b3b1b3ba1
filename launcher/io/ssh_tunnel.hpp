// Ports of another host brought here by the user's own ssh, as unix sockets in a directory of ours.
// ssh asks nobody (BatchMode) and trusts whom the user trusts; it ends with this object.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>
#include "launcher/io/link.hpp"

namespace pcluster {

class SshTunnel {
 public:
  struct Order {
    std::string host;              // as ssh takes it
    std::vector<Address> targets;  // as that host sees them
    std::string directory;         // where the sockets go: nobody else may enter it
    // Told its number: who reaps all children must spare this one.
    std::function<void(int pid)> started;
    Micros within = 15 * second;  // until they are there
  };
  // The sockets, one per target; or none, and why.  Called once, from the loop.
  using Ready = std::function<void(std::vector<Address>, std::string error)>;
  SshTunnel(Loop&, Order, Ready);
  ~SshTunnel();
  SshTunnel(const SshTunnel&) = delete;
  SshTunnel& operator=(const SshTunnel&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The command line.  Pure.
std::vector<std::string> ssh_command(const SshTunnel::Order&);
// The reason in what ssh wrote: its last line.  Pure.
std::string ssh_error(std::string_view said);

}  // namespace pcluster
