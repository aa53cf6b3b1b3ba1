// A frame of `pcluster channels`, as its reader or writer has it.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>

namespace pcluster {

inline std::string frame_of(std::uint8_t kind, std::uint32_t channel, std::uint32_t number,
                            const std::string& payload = "") {
  std::string text;
  for (const auto value : {static_cast<std::uint32_t>(payload.size()), channel, number})
    for (int i = 0; i < 4; ++i) text += static_cast<char>(value >> (8 * i));
  return text + static_cast<char>(kind) + std::string(3, '\0') + payload;
}

}  // namespace pcluster
