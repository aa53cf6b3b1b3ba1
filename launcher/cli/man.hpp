// Man pages from the verbs' own tables.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "launcher/cli/verbs.hpp"

namespace pcluster {

std::string man_page();             // pcluster.1
std::string man_page(const Verb&);  // pcluster-VERB.1

}  // namespace pcluster
