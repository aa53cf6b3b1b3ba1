// Tables for people.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

namespace pcluster {

struct Column {
  std::string name;
  bool right = false;  // numbers
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells as columns
};

// Aligned, two blanks between columns; control bytes of cells made visible, so that no task can
// drive the terminal.  With `width` > 0 lines are cut there.
std::string show(const Table&, std::size_t width = 0);

// The same for rows that are not held: all cells are measured, then each row is shown.
class RowPrinter {
 public:
  using Cells = std::vector<std::string>;

  explicit RowPrinter(std::vector<Column> columns);
  void add(Column);  // behind the others; before the first line
  void measure(std::size_t column, const std::string& cell);
  std::string heading(std::size_t width = 0) const;
  std::string line(const Cells&, std::size_t width = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
};

}  // namespace pcluster
