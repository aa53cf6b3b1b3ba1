// A status as people read it.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>

#include "launcher/model/messages.hpp"

namespace pcluster {

std::string status_text(const Status&, std::size_t width);  // all of it
std::string status_table(const Status&, std::string_view kind, std::size_t width);

}  // namespace pcluster
