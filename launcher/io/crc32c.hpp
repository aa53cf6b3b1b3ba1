// CRC-32C (Castagnoli).  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string_view>

namespace pcluster {

std::uint32_t crc32c(std::string_view bytes);
std::uint32_t crc32c_by_table(std::string_view bytes);  // where the processor has no instruction

}  // namespace pcluster
