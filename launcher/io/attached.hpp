// A program in our place: our terminal and streams, and the signals that reach us reach it.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

namespace pcluster {

// Runs it to its end.  TERM, HUP and INT are passed on; those of the terminal reach it by
// themselves.  Returns its exit code, 128 + signal, 127 when there is no such program and 126 when
// it cannot be started; `wrong` then says why.
int run_attached(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                 std::string& wrong);

}  // namespace pcluster
