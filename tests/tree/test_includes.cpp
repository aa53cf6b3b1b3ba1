// The arrows of the design point down only, and each library is known to as few files as possible.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include "tests/tree/sources.hpp"

using namespace pcluster::tree;

namespace {

struct Include {
  std::string what;
  bool ours = false;  // in quotes
  std::string at;
};

std::vector<Include> includes_of(const Source& source) {
  static const std::regex form(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> found;
  std::smatch match;
  for (std::size_t i = 0; i < source.lines.size(); ++i)
    if (std::regex_search(source.lines[i], match, form))
      found.push_back({match[2], match[1] == "\"", place(source, i)});
  return found;
}

const std::map<std::string, std::set<std::string>> may_use = {
    {"launcher/base", {}},
    {"launcher/model", {"launcher/base"}},
    {"launcher/core", {"launcher/base", "launcher/model"}},
    {"launcher/script", {"launcher/base", "launcher/model"}},
    {"launcher/io", {"launcher/base", "launcher/model"}},
    {"adapters", {"launcher/base", "launcher/model", "launcher/script", "adapters/slurm_api"}},
    {"adapters/slurm_api", {"launcher/base"}},
    {"mpi-runtime", {"launcher/base", "launcher/model", "launcher/io"}},
    {"launcher/daemon",
     {"launcher/base", "launcher/model", "launcher/core", "launcher/script", "launcher/io",
      "adapters"}},
    {"launcher/cli",
     {"launcher/base", "launcher/model", "launcher/script", "launcher/io", "adapters"}},
};

std::string part_of(const std::string& path) {
  std::string found;  // the longest: adapters/slurm_api is none of adapters
  for (const auto& [part, uses] : may_use)
    if (path.starts_with(part + "/")) found = part;
  return found;
}

// Headers of libraries, by how they begin, and the only directory that includes them.
const std::vector<std::pair<std::string, std::string>> library_homes = {
    {"asio", "launcher/io"},         {"openssl/", "launcher/io"},
    {"CLI/", "launcher/cli"},        {"yaml-cpp/", "launcher/script"},
    {"kainjow/", "launcher/script"}, {"msgpack", "launcher/model"},
    {"hwloc", "mpi-runtime"},        {"slurm/", "adapters/slurm_api"},
};

// What no pure part may know: clocks, files, processes, threads, chance.
bool impure(const std::string& header) {
  static const std::set<std::string> headers = {"chrono",   "condition_variable",
                                                "fcntl.h",  "filesystem",
                                                "fstream",  "future",
                                                "iostream", "mutex",
                                                "poll.h",   "random",
                                                "signal.h", "spawn.h",
                                                "thread",   "unistd.h"};
  return headers.count(header) == 1 || header.starts_with("sys/") || header.starts_with("net");
}
bool pure(const Source& source) {
  static const std::set<std::string> parts = {"launcher/base", "launcher/model", "launcher/core",
                                              "launcher/script", "adapters"};
  return parts.count(part_of(source.path)) == 1 || source.path.starts_with("mpi-runtime/agent.");
}

}  // namespace

TEST_CASE("includes point downward") {
  for (const Source& source : all_sources()) {
    std::string part = part_of(source.path);
    if (!is_cpp(source) || part.empty()) continue;
    for (const Include& include : includes_of(source)) {
      std::string target = part_of(include.what);
      if (!include.ours || target == part) continue;
      INFO(include.at, " includes ", include.what, ", which is not below ", part);
      CHECK(may_use.at(part).count(target) == 1);
    }
  }
}

TEST_CASE("includes of ours are written from the top of the project") {
  std::set<std::string> paths;
  for (const Source& source : all_sources()) paths.insert(source.path);
  for (const Source& source : all_sources()) {
    if (!is_cpp(source) || part_of(source.path).empty()) continue;
    for (const Include& include : includes_of(source)) {
      INFO(include.at, " includes ", include.what);
      if (include.ours) CHECK(paths.count(include.what) == 1);
    }
  }
}

TEST_CASE("each library has one home") {
  for (const Source& source : all_sources()) {
    if (!is_cpp(source) || part_of(source.path).empty()) continue;
    for (const Include& include : includes_of(source))
      for (const auto& [library, home] : library_homes) {
        INFO(include.at, " includes ", include.what, ", which is for ", home);
        if (include.what.starts_with(library)) CHECK(below(source, home));
      }
  }
}

TEST_CASE("pure parts know no clock, file, process or thread") {
  std::size_t seen = 0;
  for (const Source& source : all_sources()) {
    if (!is_cpp(source) || !pure(source)) continue;
    ++seen;
    for (const Include& include : includes_of(source)) {
      INFO(include.at, " includes ", include.what);
      CHECK_FALSE(impure(include.what));
    }
  }
  CHECK(seen > 5);
}
