// What the JSON documents share; included by documents*.cpp alone.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "launcher/base/units.hpp"

namespace pcluster {

using Json = nlohmann::ordered_json;

// Task output may be any bytes; what is no UTF-8 is replaced rather than refused.
inline std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "2026-11-21T08:02:09.123456Z": tasks may be shorter than a second.
inline Json utc(Micros time) {
  if (time == 0) return {};
  auto text = show_utc(time);
  text.pop_back();
  return text + fmt::format(".{:06}Z", time % second);
}

}  // namespace pcluster
