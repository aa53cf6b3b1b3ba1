// Tables for people.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/table.hpp"

#include <algorithm>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

// Columns on the screen: the bytes that begin a UTF-8 character.
std::size_t breadth(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string cut(std::string line, std::size_t width) {
  if (width > 0 && breadth(line) > width) {
    std::size_t end = 0;
    for (std::size_t seen = 0; end < line.size(); ++end)
      if ((line[end] & 0xc0) != 0x80 && ++seen > width) break;
    line.resize(end);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

std::string show(const Table& table, std::size_t width) {
  const auto count = table.columns.size();
  std::vector<std::size_t> widths(count);
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& column : table.columns) rows[0].push_back(printable(column.name));
  for (const auto& row : table.rows) {
    auto& shown = rows.emplace_back();
    for (const auto& cell : row) shown.push_back(printable(cell));
  }
  for (const auto& row : rows)
    for (std::size_t i = 0; i < count; ++i) widths[i] = std::max(widths[i], breadth(row[i]));
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string gap(widths[i] - breadth(row[i]), ' ');
      if (i > 0) line += "  ";
      line += table.columns[i].right ? gap + row[i] : row[i] + gap;
    }
    text += cut(std::move(line), width) + "\n";
  }
  return text;
}

}  // namespace pcluster
