// One thing that reads bytes of others.  Each target is one file here, one program, and one
// directory of corpus/.  It ends the program when a rule of its own is broken; what it may throw is
// Error alone.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace pcluster::fuzz {

void run(std::string_view input);  // the target's

inline void must(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

}  // namespace pcluster::fuzz
