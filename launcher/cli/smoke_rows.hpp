// The rows of `smoke`: each runs something on workers and says what came of it.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "launcher/cli/documents.hpp"
#include "launcher/cli/one_program.hpp"

namespace pcluster {

struct Smoke {
  const Session& session;
  Client& client;
  std::uint32_t ranks = 2;
  Micros time_limit = 0;         // for each run
  Environment environment = {};  // --env
  Status status = {};

  // What rows learn for those after them.
  bool mpiexec = true;                  // found
  std::optional<CheckView> probe = {};  // why it cannot be used; nothing: it was built
  std::optional<ProgramEnd> hello = {}, speed = {};
};

struct SmokeRow {
  std::string_view name;
  CheckView (*try_it)(Smoke&);
};
std::span<const SmokeRow> smoke_rows();

}  // namespace pcluster
