// What mpiexec starts in the place of a resident, or of a program with a channel: it gives the
// first rank the pipes, and becomes the program. SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

namespace pcluster {

inline constexpr const char* rank_start_role = "rank-start";
inline constexpr const char* of_channel = "--channel";

// `words`: the paths of trials and answers, or `--channel` and those of its two pipes, then the
// program's.  Comes back only with why it could not, as an exit code.
int start_rank(const std::vector<std::string>& words);

}  // namespace pcluster
