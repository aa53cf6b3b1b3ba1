// Every message of the launcher's two links (peers.hpp: between workers).  A message is packed as
// [tag, [field, field, ...]]: tags are the positions in the sums at the end of each file, fields
// stand in order, new fields go last (an older peer's shorter message then decodes with their
// defaults).
// SPDX-License-Identifier: MIT
#pragma once
#include "launcher/model/client_messages.hpp"
#include "launcher/model/worker_messages.hpp"
