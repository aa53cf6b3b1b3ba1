// Reads the tree, and blanks comments and strings.
// SPDX-License-Identifier: MIT
#include "tests/tree/sources.hpp"
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>

namespace pcluster::tree {
namespace {

namespace fs = std::filesystem;

const std::set<std::string> endings = {".cpp", ".hpp", ".c",     ".h",  ".sh",
                                       ".py",  ".txt", ".cmake", ".md", ".yaml"};

bool wanted(const fs::path& relative) {
  std::string first = relative.begin()->string();
  if (first == ".ci") return true;
  if (first.starts_with(".") || first == "build") return false;
  bool no_ending = relative.extension().empty();
  return no_ending || endings.count(relative.extension().string()) == 1;
}

Source read(const fs::path& file, const std::string& path) {
  Source source{path, {}};
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) source.lines.push_back(line);
  return source;
}

std::vector<Source> read_all() {
  const fs::path top = PCLUSTER_SOURCE;
  std::vector<Source> found;
  for (auto entry = fs::recursive_directory_iterator(top); entry != fs::end(entry); ++entry) {
    fs::path relative = entry->path().lexically_relative(top);
    std::string name = relative.filename().string();
    if (entry->is_directory()) {
      bool skip = (name.starts_with(".") && name != ".ci") || name == "build" ||
                  name == "__pycache__" || name == "corpus";  // of fuzzing: inputs, no sources
      if (skip) entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && wanted(relative)) {
      found.push_back(read(entry->path(), relative.string()));
    }
  }
  if (found.size() < 20) throw std::runtime_error("no sources below " + top.string());
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.path < b.path; });
  return found;
}

bool ends_with_any(const std::string& path, std::initializer_list<const char*> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](const char* end) { return path.ends_with(end); });
}

// The length of what starts at `at` and is no code: a comment, a string, a character; 0 = code.
std::size_t quoted_length(const std::string& text, std::size_t at) {
  auto until = [&](const std::string& end, std::size_t from) {
    std::size_t found = text.find(end, from);
    return (found == std::string::npos ? text.size() : found + end.size()) - at;
  };
  if (text.compare(at, 2, "//") == 0) return until("\n", at) - 1;
  if (text.compare(at, 2, "/*") == 0) return until("*/", at + 2);
  if (text.compare(at, 2, "R\"") == 0) {
    std::size_t open = text.find('(', at);
    return until(")" + text.substr(at + 2, open - at - 2) + "\"", open);
  }
  bool separator =
      text[at] == '\'' && at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1]));
  if ((text[at] != '"' && text[at] != '\'') || separator) return 0;
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != text[at]) end += text[end] == '\\' ? 2 : 1;
  return end + 1 - at;
}

}  // namespace

const std::vector<Source>& all_sources() {
  static const std::vector<Source> sources = read_all();
  return sources;
}

bool below(const Source& source, const std::string& directory) {
  return source.path.starts_with(directory + "/");
}
bool is_cpp(const Source& source) { return ends_with_any(source.path, {".cpp", ".hpp"}); }
bool is_script(const Source& source) {
  if (ends_with_any(source.path, {".sh", ".py", ".cmake", "CMakeLists.txt"})) return true;
  return !source.lines.empty() && source.lines[0].starts_with("#!");
}

std::string place(const Source& source, std::size_t line_index) {
  return source.path + ":" + std::to_string(line_index + 1);
}

std::string code_of(const Source& source, bool keep_strings) {
  std::string text;
  for (const std::string& line : source.lines) text += line + "\n";
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = quoted_length(text, at);
    bool comment = text[at] == '/';
    if (length == 0 || (keep_strings && !comment)) {
      at += std::max<std::size_t>(length, 1);
      continue;
    }
    for (std::size_t end = std::min(at + length, text.size()); at < end; ++at)
      if (text[at] != '\n') text[at] = ' ';
  }
  return text;
}

}  // namespace pcluster::tree
