// Output of tasks as it comes.
// SPDX-License-Identifier: MIT
#include "launcher/cli/output_reader.hpp"

#include <algorithm>

#include "launcher/cli/terminal.hpp"

namespace pcluster {

std::vector<SpoolPiece> OutputReader::take_new() {
  const auto begun = steady_now();
  std::vector<SpoolPiece> pieces;
  for (auto& piece : find_output(state_, what_.workload, what_.index, place_)) {
    const auto& file = piece.file;
    auto seen = std::ranges::find(seen_, file, [](const auto& each) { return each.first; });
    if (seen == seen_.end()) seen = seen_.insert(seen_.end(), {file, 0});
    if (piece.offset < seen->second) continue;  // pieces of a file are in the order of its bytes
    seen->second = piece.offset + piece.length;
    pieces.push_back(std::move(piece));
  }
  const auto now = steady_now();
  if (!pieces.empty() || news_ == 0) news_ = now;
  // What nobody waits for with impatience may be late by a tenth of the wait.
  const auto calm = std::min<Micros>(100 * millisecond, (now - news_) / 10);
  next_ = now + std::max<Micros>({pace_, calm, 20 * (now - begun)});
  return pieces;
}

void OutputReader::read_new(const Sink& sink) {
  for (const auto& piece : take_new()) sink(piece, read_piece(piece));
}

bool OutputReader::due() const { return steady_now() >= next_; }

}  // namespace pcluster
