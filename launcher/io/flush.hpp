// What is queued on a link leaves now, as far as it can, and not with the end of this turn.
// SPDX-License-Identifier: MIT
#pragma once
#include "launcher/io/link.hpp"

namespace pcluster {

void flush(Link&);

}  // namespace pcluster
