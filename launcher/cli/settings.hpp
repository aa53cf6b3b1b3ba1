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
  void (*set)(Configuration&, const std::vector<std::string>& texts);  // throws Error
  void (*fill)(Configuration&, const Configuration& under);
};
std::span<const Setting> settings();
std::string variable_name(std::string_view setting);  // "PCLUSTER_LOCAL_DIRECTORY"

Configuration settings_from(const Arguments&);
Configuration settings_from(const Variables&);
// What `over` does not say comes from `under`; lists are joined, the words of `over` last.
Configuration layer(Configuration over, const Configuration& under);

}  // namespace pcluster
