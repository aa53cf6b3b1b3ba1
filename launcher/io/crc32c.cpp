// CRC-32C: by the processor's instruction, or by table.  Pure.
// SPDX-License-Identifier: MIT
#include "launcher/io/crc32c.hpp"

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace pcluster {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? value >> 1 ^ 0x82f63b78 : value >> 1;
    table[i] = value;
  }
  return table;
}
constexpr auto table = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes) {
  std::uint64_t sum = 0xffffffff;
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    sum = __builtin_ia32_crc32di(sum, word);
    bytes.remove_prefix(8);
  }
  auto rest = static_cast<std::uint32_t>(sum);
  for (const char c : bytes) rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(c));
  return ~rest;
}
// Asked of the processor once, when first needed: a virtual machine takes a microsecond or more per
// question, and libgcc's own way asks a score of them at each start of each program.
bool has_instruction() {
  static const bool has = [] {
    unsigned a = 0, b = 0, features = 0, d = 0;
    return __get_cpuid(1, &a, &b, &features, &d) != 0 && (features & bit_SSE4_2) != 0;
  }();
  return has;
}
#else
std::uint32_t by_instruction(std::string_view bytes) { return crc32c_by_table(bytes); }
constexpr bool has_instruction() { return false; }
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::string_view bytes) {
  std::uint32_t sum = 0xffffffff;
  for (const char c : bytes) sum = sum >> 8 ^ table[(sum ^ static_cast<unsigned char>(c)) & 0xff];
  return ~sum;
}

std::uint32_t crc32c(std::string_view bytes) {
  return has_instruction() ? by_instruction(bytes) : crc32c_by_table(bytes);
}

}  // namespace pcluster
