// Every message that the verbs throw is in docs/messages.md, whose rows other tests provoke.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/tree/sources.hpp"

using namespace pcluster::tree;

namespace {

struct Exception {
  const char *words, *why;
};
// Messages that no test of the whole program can provoke cheaply.
constexpr Exception exceptions[] = {
    {"the launcher ended while the workers were starting", "needs a launcher that dies right then"},
    {"the launcher ended while workload ", "likewise; tests/local/restart.sh kills one"},
    {"the cluster was stopped while workload ", "needs a launcher that dies while it stops"},
    {"the launcher ended before it answered", "likewise"},
    {"the launcher has not answered for ", "takes a minute"},
    {"the launcher has not ended within ", "takes a minute"},
    {"the launcher's answer is of another version", "needs a launcher of another version"},
    {"interrupted", "tests/local/interrupt.sh"},
    {"interrupted: the probe job is cancelled", "tests/local/doctor.sh"},
    {"interrupted: workload ", "needs a Ctrl-C within the launcher's answer"},
    {"interrupted: the queued jobs are cancelled, ", "tests/local/interrupt.sh"},
    {"interrupted; the cluster ends all the same", "needs a launcher that takes long to end"},
    {"cannot link ", "needs a home that cannot be written"},
    {"cannot read standard input: ", "needs a stream that breaks"},
    {"map: no trials", "needs a terminal; the same hint as for an empty standard input"},
    {"the launcher ", "needs a launcher that fails to start"},
};

// The string literal that begins at text[at] == '"', with those that follow it.
std::string literal(const std::string& text, std::size_t at) {
  std::string words;
  while (at < text.size() && text[at] == '"') {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\') ++at;
      words += text[at] == 'n' && text[at - 1] == '\\' ? '\n' : text[at];
    }
    at = text.find_first_not_of(" \n", at + 1);
  }
  return words;
}

// Its longest piece between `{...}`.
std::string longest_piece(const std::string& words) {
  std::string longest;
  for (std::size_t at = 0; at <= words.size();) {
    const auto end = std::min(words.find('{', at), words.size());
    if (end - at > longest.size()) longest = words.substr(at, end - at);
    const auto close = words.find('}', end);
    at = close == words.npos ? words.size() + 1 : close + 1;
  }
  return longest.substr(std::min(longest.find_first_not_of('}'), longest.size()));  // of "{{{}}}"
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(std::string(PCLUSTER_SOURCE) + "/" + path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("every message of launcher/cli is in a row of docs/messages.md") {
  const auto rows = read("docs/messages.md");
  constexpr std::size_t least = 8;  // what is shorter is made of other messages
  std::size_t seen = 0;
  for (const auto& source : all_sources()) {
    if (!is_cpp(source) || !below(source, "launcher/cli")) continue;
    std::string text;
    for (const auto& line : source.lines) text += line + "\n";
    const std::string call = "throw Error(";
    for (auto at = text.find(call); at != text.npos; at = text.find(call, at + 1)) {
      const auto quote = text.find('"', at), end = text.find(';', at);
      if (quote == text.npos || quote > end) continue;
      const auto piece = longest_piece(literal(text, quote));
      if (piece.size() < least) continue;
      ++seen;
      const bool excepted =
          std::ranges::any_of(exceptions, [&](const auto& each) { return piece == each.words; });
      INFO(source.path, ": \"", piece, "\"");
      CHECK((excepted || rows.find(piece) != rows.npos));
    }
  }
  CHECK(seen > 40);
}
