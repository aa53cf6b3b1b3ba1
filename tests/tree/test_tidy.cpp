// Sizes and openings of files, so that nothing grows past what a person takes in at once.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <algorithm>
#include <regex>
#include <set>
#include "tests/tree/sources.hpp"

using namespace pcluster::tree;

namespace {

constexpr std::size_t max_lines = 300, max_columns = 100, max_function_lines = 60;

// One program that must be one file: it starts itself again inside the namespaces that it makes.
const std::set<std::string> may_be_long = {"tests/testbed/slurm-testbed"};

// A table of arities, which C++20 can write only as one function.
const std::set<std::string> may_have_long_functions = {"launcher/model/fields.hpp"};

bool has_rules(const Source& source) {
  return (is_cpp(source) || is_script(source)) && may_be_long.count(source.path) == 0;
}

std::size_t columns(const std::string& line) {  // of UTF-8 text
  return std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

bool has_spdx(const Source& source) {
  const std::size_t opening = std::min<std::size_t>(source.lines.size(), 40);
  return std::any_of(source.lines.begin(), source.lines.begin() + opening, [](auto& line) {
    return line.find(
               "SPDX-License-"
               "Identifier: MIT") != std::string::npos;
  });
}

bool opens_with_a_sentence(const Source& source) {
  static const std::regex sentence(R"(^(// |# |/\* |""")\S+ .*)");
  std::size_t first = !source.lines.empty() && source.lines[0].starts_with("#!") ? 1 : 0;
  return source.lines.size() > first && std::regex_search(source.lines[first], sentence);
}

struct Function {
  std::size_t first_line = 0, lines = 0;
};

enum class Block { scope, function, other };

// What the text between the last `;`, `{` or `}` and a `{` opens.
Block opened_by(const std::string& header, Block around) {
  static const std::regex scope(R"(\b(namespace|struct|class|union|extern)\b)");
  if (around != Block::scope) return Block::other;
  if (header.find('(') != std::string::npos) return Block::function;
  return std::regex_search(header, scope) ? Block::scope : Block::other;
}

// Functions of a file of ours: blocks in namespaces and classes that open with a parameter list.
std::vector<Function> functions_of(const Source& source) {
  struct Open {
    Block kind;
    std::size_t line;
  };
  std::vector<Open> open;
  std::vector<Function> found;
  std::string header;
  std::size_t line = 0;
  for (char c : code_of(source, false)) {
    if (c == '\n') ++line;
    if (c == '{') {
      open.push_back({opened_by(header, open.empty() ? Block::scope : open.back().kind), line});
    } else if (c == '}' && !open.empty()) {
      if (open.back().kind == Block::function)
        found.push_back({open.back().line, line - open.back().line + 1});
      open.pop_back();
    }
    if (c == '{' || c == '}' || c == ';')
      header.clear();
    else
      header += c;
  }
  CHECK_MESSAGE(open.empty(), source.path, ": braces that this test cannot pair");
  return found;
}

}  // namespace

TEST_CASE("files and lines are short") {
  for (const Source& source : all_sources()) {
    if (!has_rules(source)) continue;
    INFO(source.path, " has ", source.lines.size(), " lines");
    CHECK(source.lines.size() <= max_lines);
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      INFO(place(source, i), " has ", columns(source.lines[i]), " columns");
      CHECK(columns(source.lines[i]) <= max_columns);
    }
  }
}

TEST_CASE("every source says what it is and under which licence") {
  for (const Source& source : all_sources()) {
    if (!has_rules(source) || source.path.ends_with("CMakeLists.txt") ||
        source.path.ends_with(".cmake"))
      continue;
    INFO(source.path);
    CHECK(opens_with_a_sentence(source));
    CHECK(has_spdx(source));
  }
}

TEST_CASE("functions are short") {
  std::size_t seen = 0;
  for (const Source& source : all_sources()) {
    if (!is_cpp(source) || may_have_long_functions.count(source.path) == 1) continue;
    for (const Function& function : functions_of(source)) {
      ++seen;
      INFO(place(source, function.first_line), ": a function of ", function.lines, " lines");
      CHECK((below(source, "tests") || function.lines <= max_function_lines));
    }
  }
  CHECK(seen > 50);  // else this test has become blind
}
