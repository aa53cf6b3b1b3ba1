// Writing what can be made again; launcher/io only.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>

namespace pcluster {

// write_file without the syncs: whole for who looks, and after the machine's crash perhaps cut
// short.
void write_copy(const std::string& path, std::string_view text);

}  // namespace pcluster
