// The journal as it is written by another: what is new since the last look.
// SPDX-License-Identifier: MIT
#include "launcher/io/journal_tail.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "launcher/io/file.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

// From there to the end; nothing when it cannot be read now.
std::string read_from(const std::string& path, std::uint64_t offset) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string bytes;
  if (!file) return bytes;
  char buffer[64 * 1024];
  for (;;) {
    const auto got =
        pread(file.get(), buffer, sizeof buffer, static_cast<off_t>(offset + bytes.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace

void JournalTail::read_new(const Each& each) {
  auto names = list_directory(directory_);
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".log"); });
  std::ranges::sort(names);
  for (const auto& name : names) {
    if (name < segment_) continue;
    if (name > segment_) offset_ = 0;
    segment_ = name;
    read_segment(name, each);
  }
}

// A segment may repeat what the one before it could not make durable: only what lies behind the
// last position counts.
void JournalTail::read_segment(const std::string& name, const Each& each) {
  const auto bytes = read_from(directory_ + "/" + name, offset_);
  const auto scan = scan_segment(bytes);
  if (scan.entries.empty()) return;
  for (const auto& entry : scan.entries) {
    if (entry.position <= last_) continue;
    last_ = entry.position;
    const auto record = decode<Record>(entry.payload);
    if (record) each(++count_, *record);
  }
  const auto& last = scan.entries.back().payload;
  offset_ += static_cast<std::uint64_t>(last.data() + last.size() - bytes.data());
}

}  // namespace pcluster
