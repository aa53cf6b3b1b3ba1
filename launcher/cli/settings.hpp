// The values of `submit` from their four places, as one table: command line, PCLUSTER_*,
// configuration file; a later layer fills only what an earlier one left open.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/cli/session.hpp"
#include "launcher/script/site.hpp"

namespace pcluster {

class Arguments;

struct Setting {
  std::string_view name;  // of its option: "local-directory"; PCLUSTER_LOCAL_DIRECTORY
  std::string_view key;   // in the configuration: "local_directory"
  bool list = false;      // lists are joined, others replaced
  void (*set)(Configuration&, const std::vector<std::string>& texts);  // throws Error
  void (*fill)(Configuration&, const Configuration& under);
};
std::span<const Setting> settings();
std::string variable_name(std::string_view setting);  // "PCLUSTER_LOCAL_DIRECTORY"

Configuration settings_from(const Arguments&);
Configuration settings_from(const Variables&);
// What `over` does not say comes from `under`; lists are joined, the words of `over` last.
Configuration layer(Configuration over, const Configuration& under);

// A note on each PCLUSTER_ variable that is nearly the name of one of ours.
std::vector<std::string> unknown_variables(const Variables&);
std::string settings_environment();  // a line for each variable, for help

}  // namespace pcluster
