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

}  // namespace pcluster
