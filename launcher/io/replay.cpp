// Reading the journal back: whatever is damaged is skipped, and said.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/segment.hpp"
#include "launcher/io/store.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

struct Segment {
  std::string name, bytes;
  Scan scan;

  // Its first record is the first that was written to it.
  bool begins_whole() const {
    return !scan.entries.empty() && (scan.damages.empty() || scan.damages.front().offset > 0);
  }
};
using Segments = std::deque<std::unique_ptr<Segment>>;

// A block that the disk cannot read any more counts as damage like any other.
std::string read_blocks(const std::string& path, ReplayReport& report) {
  constexpr std::size_t block = 64 * 1024;
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0)
    throw Error(Exit::refused, fmt::format("cannot read {}: {}", path, std::strerror(errno)),
                "the journal holds the cluster's state; see who owns it: ls -l");
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const auto wanted = std::min(block, bytes.size() - at);
    const auto got = pread(file.get(), bytes.data() + at, wanted, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) bytes.resize(at);
    if (got < 0)
      report.notes.push_back(fmt::format("{}: cannot read {} bytes at {}: {}", path, wanted, at,
                                         std::strerror(errno)));
    at += got > 0 ? static_cast<std::size_t>(got) : wanted;
  }
  return bytes;
}

class Replay {
 public:
  Replay(ReplayReport& report, const std::function<void(const Record&)>& each)
      : report_(report), each_(each) {}

  // `following`: the next segment, and those behind it as long as none of them begins whole.  After
  // a failed sync a segment repeats what was not durable: from its first record on, it is the one
  // that counts.  One that failed in its turn may stand between, with any of its records.
  void segment(const Segment& segment, const Segments& following) {
    for (const auto& damage : segment.scan.damages) {
      ++report_.damaged_places;
      report_.damaged_bytes += damage.size;
      report_.notes.push_back(fmt::format("{}: {} bytes at {} are no record and were skipped",
                                          segment.name, damage.size, damage.offset));
    }
    // Its records are lost, but its epoch was used: workers may know it.
    if (segment.scan.entries.empty()) ++report_.last_epoch;
    for (const auto& entry : segment.scan.entries) {
      const auto& at = entry.position;
      report_.last_epoch = std::max(report_.last_epoch, at.epoch);
      const bool comes_again = std::ranges::any_of(following, [&](const auto& later) {
        if (later->scan.entries.empty()) return false;
        const auto& first = later->scan.entries.front().position;
        return at.epoch == first.epoch && at.sequence >= first.sequence;
      });
      // Not above the last: a repetition, or an old launcher that wrote after a new one began.
      if (!comes_again && at > last_) deliver(segment, entry);
    }
  }

 private:
  void deliver(const Segment& segment, const Scan::Entry& entry) {
    const auto& at = entry.position;
    const auto expected = at.epoch == last_.epoch ? last_.sequence + 1 : 1;
    if (at.sequence != expected)
      report_.notes.push_back(fmt::format("{}: {} records of epoch {} are lost", segment.name,
                                          at.sequence - expected, at.epoch));
    last_ = at;
    const auto record = decode<Record>(entry.payload);
    if (!record) {
      report_.notes.push_back(
          fmt::format("{}: record {} is of an unknown kind", segment.name, at.sequence));
      return;
    }
    const auto* began = std::get_if<EpochBegan>(&*record);
    if (began != nullptr && began->version > journal_version)
      throw Error(Exit::refused,
                  fmt::format("the journal is of version {}, newer than this program's {}",
                              began->version, journal_version),
                  "use the version of pcluster that started this cluster");
    ++report_.records;
    each_(*record);
  }

  ReplayReport& report_;
  const std::function<void(const Record&)>& each_;
  Position last_;
};

}  // namespace

ReplayReport replay_journal(const std::string& directory,
                            const std::function<void(const Record&)>& each) {
  ReplayReport report;
  Replay replay(report, each);
  auto names = list_directory(directory);
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".log"); });
  const auto load = [&](const std::string& name) {
    auto segment = std::make_unique<Segment>();
    segment->name = name;
    segment->bytes = read_blocks(directory + "/" + name, report);
    segment->scan = scan_segment(segment->bytes);
    return segment;
  };
  Segments segments;  // mostly two at a time in memory
  for (auto next = names.begin(); next != names.end() || !segments.empty();) {
    while (next != names.end() && (segments.size() < 2 || !segments.back()->begins_whole()))
      segments.push_back(load(*next++));
    const auto current = std::move(segments.front());
    segments.pop_front();
    replay.segment(*current, segments);
  }
  return report;
}

}  // namespace pcluster
