// What workers say to each other: on a gang head's link to another worker, on the link of mpiexec's
// remote-start agent to the head (closing it ends the part), and where one is to hand another's
// connection on to the launcher.
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
// Hand this connection on to the launcher: after Relayed it is bytes that only those two can read.
struct Relay {};
using ToPeer = std::variant<StartPart, Relay>;

struct PartOutput {
  bool err = false;
  std::string bytes;
};
struct PartEnded {
  std::int32_t exit_code = 0;
  std::string message;  // why it could not be started, or was lost
};
struct Relayed {
  std::string worker, host;  // who hands it on: "w3", "n14"
  std::string refusal;       // why not; empty = it does, and nothing follows in this protocol
};
using FromPeer = std::variant<PartOutput, PartEnded, Relayed>;

}  // namespace pcluster
