// A type has its name to itself: two of one name in one namespace are one to the linker, which
// keeps the constructor of either, without a word.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <map>
#include <regex>
#include <string>
#include <vector>
#include "tests/tree/sources.hpp"

using namespace pcluster::tree;

namespace {

struct Definition {
  std::string name;  // with its namespaces
  std::string at;
};

// What clang-format leaves of a namespace: it begins a line, and its end says whose it is.
class Namespaces {
 public:
  void read(const std::string& raw) {
    static const std::regex begins(R"(^(?:inline )?namespace ?([\w:]*) ?\{)");
    std::smatch match;
    if (std::regex_search(raw, match, begins) && raw.find('}') == raw.npos)
      open_.push_back(match[1]);
    else if (raw.starts_with("}  // namespace") && !open_.empty())
      open_.pop_back();
  }
  bool anonymous() const {
    for (const auto& name : open_)
      if (name.empty()) return true;
    return false;
  }
  std::string prefix() const {
    std::string text;
    for (const auto& name : open_) text += name + "::";
    return text;
  }

 private:
  std::vector<std::string> open_;
};

std::vector<Definition> types_of(const Source& source) {
  static const std::regex begins(R"(^(?:struct|class|enum class|enum) (\w+(?:::\w+)*)[^;]*\{)");
  std::vector<Definition> found;
  Namespaces inside;
  std::smatch match;
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    inside.read(source.lines[i]);
    if (!inside.anonymous() && std::regex_search(source.lines[i], match, begins))
      found.push_back({inside.prefix() + match[1].str(), place(source, i)});
  }
  return found;
}

bool in_program(const Source& source) {
  return is_cpp(source) && !below(source, "tests") && !below(source, "bench") &&
         !below(source, "examples");
}

}  // namespace

TEST_CASE("no two types of the program have one name") {
  std::map<std::string, std::string> known;
  for (const auto& source : all_sources()) {
    if (!in_program(source)) continue;
    for (const auto& [name, at] : types_of(source)) {
      const auto [first, is_new] = known.emplace(name, at);
      CHECK_MESSAGE(is_new, at, ": ", name, " is also at ", first->second,
                    "; put it into an anonymous namespace, or name it for what it is");
    }
  }
  CHECK(known.size() > 300);
}

TEST_CASE("such a type is found, and one of a file's own is not") {
  const Source source{
      "a.cpp",
      {"namespace pcluster {", "namespace {", "struct Own {", "};", "}  // namespace",
       "struct Shared {", "};", "struct Elsewhere;", "namespace event {", "enum class Kind : int {",
       "};", "}  // namespace event", "class Late : public Shared {", "}  // namespace pcluster"}};
  std::vector<std::string> names;
  for (const auto& one : types_of(source)) names.push_back(one.name);
  CHECK(names ==
        std::vector<std::string>{"pcluster::Shared", "pcluster::event::Kind", "pcluster::Late"});
}
