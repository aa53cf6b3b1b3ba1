// The launcher's process: how it starts, and what it leaves when it cannot.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/daemon/daemon.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/state.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

TEST_CASE("a launcher that cannot open its log leaves no lock behind") {
  const Scratch scratch;
  const StateDirectory directory{scratch / "default"};
  make_private_directory(directory.root);
  make_directories(directory.log());  // in the way
  LauncherOptions options;
  options.directory = directory.root;
  options.cluster = "default";
  CHECK(run_launcher(options) == 3);
  CHECK_FALSE(exists(directory.lock()));
}
