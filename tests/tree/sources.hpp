// The sources of this project, as text, for tests that hold them to the rules of the house.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

namespace pcluster::tree {

struct Source {
  std::string path;  // from the top of the project
  std::vector<std::string> lines;
};

// Every file that people wrote, sorted by path: no build directory, no hidden file but .ci/run.
const std::vector<Source>& all_sources();

bool below(const Source&, const std::string& directory);
bool is_cpp(const Source&);
bool is_script(const Source&);  // bash, Python, CMake: a comment is a line that starts with #

// `path:12`, for messages.
std::string place(const Source&, std::size_t line_index);

// C++ with comments, and unless `keep_strings` what stands in quotes, made blank; lines stay lines.
std::string code_of(const Source&, bool keep_strings);

}  // namespace pcluster::tree
