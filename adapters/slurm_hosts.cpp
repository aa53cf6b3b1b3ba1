// Slurm's lists of nodes, written out: "n[01-03,7],x".  Pure.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "adapters/slurm.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::slurm_text {
namespace {

// "01-03" between the brackets: with as many digits as the first has.
void add_range(const std::string& range, std::vector<std::string>& all) {
  const auto dash = range.find('-');
  const auto first = to_integer(range.substr(0, dash));
  const auto last = dash == range.npos ? first : to_integer(range.substr(dash + 1));
  if (!first || !last) return;
  const auto digits = std::min(dash, range.size());
  for (auto n = *first; n <= *last && all.size() < most_nodes; ++n)
    all.push_back(fmt::format("{:0{}}", n, digits));
}

// One name; several brackets of it, from left to right.
std::vector<std::string> expanded(std::string_view word) {
  std::vector<std::string> all{""};
  while (!word.empty()) {
    const auto open = word.find('[');
    const auto close = open == word.npos ? word.npos : word.find(']', open);
    for (auto& name : all) name += word.substr(0, close == word.npos ? word.npos : open);
    if (close == word.npos) break;
    std::vector<std::string> numbers, next;
    for (const auto& range : split(word.substr(open + 1, close - open - 1), ','))
      add_range(range, numbers);
    for (const auto& name : all)
      for (const auto& number : numbers)
        if (next.size() < most_nodes) next.push_back(name + number);
    all = std::move(next);
    word.remove_prefix(close + 1);
  }
  return all;
}

}  // namespace

std::vector<std::string> nodes_in(std::string_view list) {
  std::vector<std::string> all;
  std::size_t begin = 0;
  bool inside = false;
  const auto add = [&](std::string_view word) {
    if (trim(word).empty() || word == "(null)") return;
    for (auto& name : expanded(trim(word)))
      if (all.size() < most_nodes) all.push_back(std::move(name));
  };
  for (std::size_t at = 0; at < list.size(); ++at) {
    if (list[at] == '[') inside = true;
    if (list[at] == ']') inside = false;
    if (list[at] != ',' || inside) continue;
    add(list.substr(begin, at - begin));
    begin = at + 1;
  }
  add(list.substr(std::min(begin, list.size())));
  return all;
}

}  // namespace pcluster::slurm_text
