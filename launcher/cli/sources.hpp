// `:::` lists of values as GNU parallel has them, and channels in chunks.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "launcher/cli/trials.hpp"

namespace pcluster {

struct Source {
  std::vector<std::string> values;  // of `::::`: the file whose lines they are
  bool is_file = false, linked = false;
};

// The words before the first `:::`, `::::`, `:::+` or `::::+`, and what follows; each file of a
// `::::` is a source.
struct Sources {
  std::vector<std::string> command;
  std::vector<Source> sources;
};
Sources split_sources(const std::vector<std::string>& words);  // throws Error(Exit::usage)

// All combinations, the last source fastest; `:::+` goes along with the source before it and must
// be as long.  `link`: all go along, shorter ones begin again.  One source is the column `trial`,
// several are `1`, `2`, ...
TrialTable combine(std::vector<Source>, bool link);

struct Channels {
  std::uint32_t count = 0, per_chunk = 1;
  std::uint32_t chunks() const { return (count - 1) / per_chunk + 1; }
};
// Each trial once per chunk, with the columns first_channel and last_channel: from 0, the last one
// excluded.
TrialTable with_channels(const TrialTable&, Channels);
// "20 trials x 5 chunks of 40 channels = 100 tasks"
std::string channels_text(std::size_t trials, Channels);

}  // namespace pcluster
