// The answer to a shell that completes a word.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

namespace pcluster {

// `pcluster complete -- WORDS...`: candidates on stdout, at most for a second; nothing on trouble.
int answer_completion(const std::vector<std::string>& words);

}  // namespace pcluster
