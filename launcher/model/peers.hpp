// What workers say to each other: on a gang head's link to another worker, and on the link of
// mpiexec's remote-start agent to the head.  Closing it ends the part.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include "launcher/model/ids.hpp"

namespace pcluster {

// A line for /bin/sh, to be run on the slots that the attempt has at that worker ("w3").
struct StartPart {
  AttemptId attempt;
  std::string worker, command;
};
using ToPeer = std::variant<StartPart>;

struct PartOutput {
  bool err = false;
  std::string bytes;
};
struct PartEnded {
  std::int32_t exit_code = 0;
  std::string message;  // why it could not be started, or was lost
};
using FromPeer = std::variant<PartOutput, PartEnded>;

}  // namespace pcluster
