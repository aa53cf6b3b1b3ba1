// One call of pcluster: its environment, which cluster, how to print.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "launcher/io/state.hpp"

namespace pcluster {

class Arguments;

// The environment, read once at the start and passed on.
using Variables = std::map<std::string, std::string, std::less<>>;
Variables read_environment();
std::string variable(const Variables&, std::string_view name);  // empty when not set

struct Session {
  Variables variables;
  std::string cluster;
  bool json = false, quiet = false;
  bool take_over = false;  // the launcher's place, if another host has it
  bool out_is_terminal = false, err_is_terminal = false;

  void say(std::string_view line) const;      // to stderr, unless --quiet
  void use_cluster(const std::string& name);  // throws Error when it is no cluster name
  std::string home() const;
  std::string configuration_file() const;  // ~/.config/pcluster/config.yaml
  std::string share() const;               // templates/, site-configs/, probe/
  // The cluster's state directory: $PCLUSTER_DIR/NAME, else ~/.pcluster/NAME, which a site's
  // `state_dir` makes a link to the real one.
  StateDirectory state() const;
};

Session make_session(const Arguments&, Variables);

// `~`, `$USER`, `${USER}`, `$HOME` and `${HOME}` of a profile's path.
std::string expand_path(const std::string& path, const Variables&, const std::string& user);

}  // namespace pcluster
