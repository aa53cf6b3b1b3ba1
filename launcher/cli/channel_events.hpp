// The payloads of the frames that are events, as JSON.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "launcher/model/messages.hpp"

namespace pcluster {

std::string opened_event(WorkerId, const std::string& host, const TaskId&);
std::string closed_event(const ChannelState&);
std::string note_event(const Progress&);
std::string finished_event(const Progress&);

}  // namespace pcluster
