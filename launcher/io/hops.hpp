// Where calls to other hosts end, in words that the worker writes to its job's log and `submit`
// reads there.  Pure: text only.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pcluster {

// "refused", "no route", "unreachable", "timed out", "name unknown", "wrong key", "cut off", or
// "failed": of an error as connect_tls words it, "10.0.0.1:4001: Connection refused".
std::string_view failure_kind(std::string_view error);

// Without those of loopback addresses, which lead to another launcher only from its own host:
// nothing but them stays as it is.
std::vector<std::string> telling_errors(const std::vector<std::string>& errors);

// "no way to the launcher: 3 addresses tried from n14: 2 no route, 1 refused (10.0.0.1:4001: ...)"
std::string no_way_text(const std::string& host, const std::vector<std::string>& errors);
// The same of another obstacle on `host`.
std::string obstacle_text(const std::string& host, const std::string& why);

// The last such sentence of a log, without its beginning and what stands in brackets: "3 addresses
// tried from n14: 2 no route, 1 refused".
std::optional<std::string> no_way_in(std::string_view log);

}  // namespace pcluster
