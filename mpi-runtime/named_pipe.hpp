// A named pipe between a worker and a rank: mpiexec passes no descriptors on.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include "launcher/io/file.hpp"

namespace pcluster {

// Made anew, our end opened with these flags, never waiting; throws Error.
Fd make_named_pipe(const std::string& path, int mode);
// Once more, for its other direction; throws Error.
Fd open_named_pipe(const std::string& path, int mode);

}  // namespace pcluster
