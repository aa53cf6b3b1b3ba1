// The settings of a submit as people and scripts see them: value, and where it comes from.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "launcher/cli/submission.hpp"

namespace pcluster {

// Nothing: not said, the scheduler chooses.  Memory in bytes, times in seconds.
using SettingValue =
    std::variant<std::monostate, std::uint64_t, double, std::string, std::vector<std::string>>;

struct SettingView {
  std::string name, key, variable;  // of its option, in the configuration, in the environment
  SettingValue value;
  std::string text;  // the value for people
  std::string from;
};

std::vector<SettingView> setting_views(const Submission&);  // in the order of settings()
std::string settings_table(const std::vector<SettingView>&, std::size_t width);

}  // namespace pcluster
