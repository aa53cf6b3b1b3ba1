// Tables as text: RFC 4180, the separator a comma or a tab.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "launcher/cli/trials.hpp"

namespace pcluster {

// The first line names the columns; empty lines count for nothing.  Throws Error(Exit::usage) with
// the file, the line and what is wrong there.
TrialTable parse_table(std::string_view text, char separator, const std::string& file);

// A line with its end; cells are quoted where they must be.
std::string csv_line(const std::vector<std::string>& cells);

}  // namespace pcluster
