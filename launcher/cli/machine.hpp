// This host's size, for local workers to share.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string_view>

#include "launcher/cli/resolve.hpp"

namespace pcluster {

Machine this_host();

// Pure.  "MemTotal:  16314532 kB" of /proc/meminfo; memory.max and cpu.max of a cgroup ("max" = no
// limit = nothing).
std::optional<std::uint64_t> total_memory_mb(std::string_view meminfo);
std::optional<std::uint64_t> memory_limit_mb(std::string_view memory_max);
std::optional<std::uint32_t> core_limit(std::string_view cpu_max);

}  // namespace pcluster
