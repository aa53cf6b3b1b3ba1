// A segment of the journal, damaged in any way: records and damage lie side by side, and a whole
// record behind all of it is found, unless a record that is whole by its sum reaches into it.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>

#include "launcher/io/segment.hpp"
#include "launcher/model/codec.hpp"
#include "tests/fuzz/target.hpp"

namespace pcluster::fuzz {

void run(std::string_view input) {
  std::string bytes(input);
  append_record(bytes, {7, 42}, "the last");
  const auto scan = scan_segment(bytes);
  std::size_t known = 0;
  for (const auto& entry : scan.entries) {
    must(entry.payload.data() >= bytes.data() &&
             entry.payload.data() + entry.payload.size() <= bytes.data() + bytes.size(),
         "a payload lies in the segment");
    static_cast<void>(decode<Record>(entry.payload));
    known += entry.payload.size();
  }
  for (const auto& damage : scan.damages) {
    must(damage.offset + damage.size <= bytes.size(), "damage lies in the segment");
    known += damage.size;
  }
  must(known <= bytes.size(), "nothing counts twice");
  const bool covered = std::ranges::any_of(scan.entries, [&](const Scan::Entry& entry) {
    const auto begin = static_cast<std::size_t>(entry.payload.data() - bytes.data());
    return begin <= input.size() && begin + entry.payload.size() > input.size();
  });
  if (covered) return;
  must(!scan.entries.empty() && scan.entries.back().payload == "the last" &&
           scan.entries.back().position == Position{7, 42},
       "a whole record behind the damage is found");
}

}  // namespace pcluster::fuzz
