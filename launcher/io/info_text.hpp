// A LauncherInfo as JSON: launcher.json and the lock hold the same.  launcher/io only.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "launcher/io/state.hpp"

namespace pcluster {

std::string to_text(const LauncherInfo&);
std::optional<LauncherInfo> parse_info(std::string_view text);  // nothing: not one, or cut short

}  // namespace pcluster
