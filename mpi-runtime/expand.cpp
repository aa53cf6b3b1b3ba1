// `{trial}` and `{index}` in the words of a task; programs of awk, sh or JSON in them stay as they
// are.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <string_view>

#include "mpi-runtime/agent.hpp"

namespace pcluster {

std::string expand(const std::string& word, const std::string& trial, std::uint32_t index) {
  std::string out;
  std::string_view rest = word;
  const auto eat = [&](std::string_view what, std::string_view with) {
    if (!rest.starts_with(what)) return false;
    out += with;
    rest.remove_prefix(what.size());
    return true;
  };
  const auto number = std::to_string(index);
  while (!rest.empty()) {
    if (eat("{{trial}}", "{trial}") || eat("{{index}}", "{index}")) continue;
    if (eat("{trial}", trial) || eat("{index}", number)) continue;
    out += rest.front();
    rest.remove_prefix(1);
  }
  return out;
}

std::vector<std::string> expand(const std::vector<std::string>& argv, const std::string& trial,
                                std::uint32_t index) {
  std::vector<std::string> words;
  words.reserve(argv.size());
  for (const auto& word : argv) words.push_back(expand(word, trial, index));
  return words;
}

}  // namespace pcluster
