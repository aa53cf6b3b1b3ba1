// What a worker and a resident say to each other, one line of JSON each way (docs/resident.md).
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include "mpi-runtime/agent.hpp"

namespace pcluster {

inline constexpr std::size_t longest_answer = 1 << 20;  // bytes of one line

// With its line feed.  The keys stand in a fixed order, the values last: a program without a JSON
// parser may look for `"trial":"`, which no value can counterfeit.
std::string trial_line(const TaskStart&);

inline constexpr std::uint32_t most_ahead = 256;  // trials that a resident may have in advance

struct Answer {
  enum class Kind { ready, done, failed, wrong };
  Kind kind = Kind::wrong;
  std::string task;         // that it says it answers; empty: it does not say
  std::string columns;      // of `done`: a JSON object, or empty
  std::string message;      // of `failed` and `wrong`, or why the columns are not kept
  std::string output;       // what the trial prints
  std::uint32_t ahead = 0;  // of `ready`: trials that it takes before it has answered
  bool last = false;        // it takes no more
};
Answer read_answer(std::string_view line);
std::string shortened(std::string_view line);  // for people

}  // namespace pcluster
