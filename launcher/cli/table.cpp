// Tables for people.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/table.hpp"

#include <algorithm>
#include <utility>

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

RowPrinter::RowPrinter(std::vector<Column> columns) {
  for (auto& column : columns) add(std::move(column));
}

void RowPrinter::add(Column column) {
  column.name = printable(column.name);
  widths_.push_back(breadth(column.name));
  columns_.push_back(std::move(column));
}

void RowPrinter::measure(std::size_t column, const std::string& cell) {
  widths_[column] = std::max(widths_[column], breadth(printable(cell)));
}

std::string RowPrinter::heading(std::size_t width) const {
  Cells names;
  for (const auto& column : columns_) names.push_back(column.name);
  return line(names, width);
}

std::string RowPrinter::line(const Cells& cells, std::size_t width) const {
  std::string text;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto cell = printable(cells[i]);
    const std::string gap(widths_[i] - std::min(widths_[i], breadth(cell)), ' ');
    if (i > 0) text += "  ";
    text += columns_[i].right ? gap + cell : cell + gap;
  }
  return cut(std::move(text), width) + "\n";
}

std::string show(const Table& table, std::size_t width) {
  RowPrinter printer(table.columns);
  for (const auto& row : table.rows)
    for (std::size_t i = 0; i < row.size(); ++i) printer.measure(i, row[i]);
  auto text = printer.heading(width);
  for (const auto& row : table.rows) text += printer.line(row, width);
  return text;
}

}  // namespace pcluster
