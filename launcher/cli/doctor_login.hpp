// What `doctor` finds on the login host, where the launcher is to live.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/io/mounts.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {

struct LoginFacts {
  std::string host;
  std::optional<std::uint64_t> cpu_seconds;  // nothing: no limit
  std::optional<bool> kills_at_logout;       // KillUserProcesses; nothing: no such service here
  bool lingers = false;                      // this user's processes are left alone all the same
  std::string alias;                         // a name that several login hosts may share
  std::vector<std::string> alias_others;     // its addresses that are not this host's
  std::string launcher_host;                 // of this cluster's launcher, when on another host
  std::string directory;
  FileSystem on;  // of the directory
};

LoginFacts look_at_login(const StateDirectory&);

// "login.cluster.edu" of "login2.cluster.edu": the name that people type; empty: there is none.
// Pure, as the next.
std::string alias_of(const std::string& host);
// KillUserProcesses in the text of a logind.conf; nothing: it does not say.
std::optional<bool> kill_user_processes(std::string_view logind_conf);

}  // namespace pcluster
