// The journal's bytes.  Pure.
// SPDX-License-Identifier: MIT
#include "launcher/io/segment.hpp"

#include <algorithm>
#include <optional>

#include "launcher/io/bytes.hpp"
#include "launcher/io/crc32c.hpp"

namespace pcluster {
namespace {

constexpr std::string_view magic = "\xb7pcj";
constexpr std::size_t before_crc = 12, header = 24;
constexpr std::size_t longest = 64u << 20;

// The record at the front of `bytes`, if a whole one stands there.
std::optional<Scan::Entry> record_at(std::string_view bytes, std::size_t& size) {
  if (bytes.size() < header || !bytes.starts_with(magic)) return {};
  auto fields = bytes.substr(magic.size());
  const auto length = take<std::uint32_t>(fields);
  const auto sum = take<std::uint32_t>(fields);
  if (length > longest || bytes.size() - header < length) return {};
  size = header + length;
  if (crc32c(bytes.substr(before_crc, size - before_crc)) != sum) return {};
  const auto sequence = take<std::uint64_t>(fields);
  const auto epoch = take<std::uint32_t>(fields);
  return Scan::Entry{{epoch, sequence}, bytes.substr(header, length)};
}

}  // namespace

void append_record(std::string& bytes, Position position, std::string_view payload) {
  const auto begun = bytes.size();
  char text[header] = {};
  magic.copy(text, magic.size());
  put_at(text + magic.size(), static_cast<std::uint32_t>(payload.size()));
  put_at(text + before_crc, position.sequence);
  put_at(text + before_crc + sizeof position.sequence, position.epoch);
  bytes.append(text, sizeof text).append(payload);
  const auto summed = std::string_view(bytes).substr(begun + before_crc);
  put_at(bytes.data() + begun + before_crc - sizeof(std::uint32_t), crc32c(summed));
}

Scan scan_segment(std::string_view bytes) {
  Scan scan;
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t size = 0;
    if (const auto entry = record_at(bytes.substr(at), size)) {
      scan.entries.push_back(*entry);
      at += size;
      continue;
    }
    // Whatever this was, the next record begins at a magic.
    const auto next = std::min(bytes.find(magic, at + 1), bytes.size());
    auto& damages = scan.damages;
    if (!damages.empty() && damages.back().offset + damages.back().size == at)
      damages.back().size += next - at;
    else
      damages.push_back({at, next - at});
    at = next;
  }
  return scan;
}

}  // namespace pcluster
