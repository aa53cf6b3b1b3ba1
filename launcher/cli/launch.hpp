// Starts the cluster's launcher when none runs.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "launcher/cli/client.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

struct Launched {
  Client client;
  bool started = false;  // by us, just now
};
// Where it listens, and which of this host's addresses workers call; later verbs start it alike.
struct Listening {
  PortRange ports;
  std::vector<std::string> interface;
  std::vector<std::string> first;  // addresses by which nodes have come before: told first
};
// Without `listening`: as the cluster's last submit said.
Launched ensure_launcher(const Session&, const std::optional<Listening>& listening = {});

// The launcher, if its cluster was not stopped: one that died is started again, and that is said;
// it takes its workers and jobs back.
std::optional<Client> find_launcher(const Session&);
// The same; throws Error(Exit::refused), with how to start a cluster, when there is none.
Client reach_launcher(const Session&);

// Ends the cluster: when this returns, nothing of it runs here, and another may be started.
Stopping stop_launcher(const Session&, Client&);

// A site's `state_dir`: the cluster's place under ~/.pcluster becomes a link to it, so that every
// later verb finds it without knowing the site.  $PCLUSTER_DIR, said by the user, wins over it.
// Where that will be; nothing is changed yet.
StateDirectory settled_state(const Session&, const std::string& site_state_dir);
void settle_state_directory(const Session&, const std::string& site_state_dir);

// The last lines of a log, indented, for a message; empty when there is none.
std::string log_tail(const std::string& path, std::size_t count = 10);

}  // namespace pcluster
