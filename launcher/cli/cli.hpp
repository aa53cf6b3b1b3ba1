// The verbs that people type.
// SPDX-License-Identifier: MIT
#pragma once

namespace pcluster {

int run_cli(int argc, char** argv);  // returns the exit code

}  // namespace pcluster
