// The cluster's secret: 256 random bits in a 0600 file of a 0700 directory, and the keys of its
// roles. SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace pcluster {

using ClusterKey = std::array<unsigned char, 32>;
enum class Role { worker, client };
std::string_view to_string(Role);

// Opens `path` without following links; refuses one that is not a regular file of ours, mode 0600,
// in a directory that only we can write (Error says the chmod to run).
ClusterKey read_key(const std::string& path);
ClusterKey make_key(const std::string& path);  // creates it; existing: reads it

std::vector<unsigned char> role_key(const ClusterKey&, Role);  // HKDF-SHA256, 32 bytes
std::string identity(const std::string& cluster, Role);        // "v1:CLUSTER:worker"
std::string random_token(std::size_t characters);  // [a-z0-9], from the system's generator
std::string sha256_hex(std::string_view bytes);

}  // namespace pcluster
