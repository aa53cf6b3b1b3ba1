// Reads and writes tables.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

[[noreturn]] void wrong(const std::string& file, std::size_t line, const std::string& what,
                        const std::string& hint) {
  throw Error(Exit::usage, fmt::format("{}, line {}: {}", printable(file), line, what), hint);
}

// Record by record; a quoted field may go over several lines.
class Reader {
 public:
  Reader(std::string_view text, char separator, const std::string& file)
      : rest_(text), separator_(separator), file_(file) {
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
  }

  // False at the end.  `line()` is then where the record began.
  bool next(std::vector<std::string>& fields) {
    while (eat_line_end()) ++at_line_;
    if (rest_.empty()) return false;
    line_ = at_line_;
    fields.clear();
    do { fields.push_back(rest_.starts_with('"') ? quoted() : plain()); } while (eat(separator_));
    if (eat_line_end()) ++at_line_;
    return true;
  }
  std::size_t line() const { return line_; }

 private:
  bool eat(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool eat_line_end() {
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
    return eat('\n');
  }
  bool field_ends() const {
    return rest_.empty() || rest_.front() == separator_ || rest_.front() == '\n' ||
           rest_.starts_with("\r\n");
  }

  std::string plain() {
    std::string field;
    while (!field_ends()) {
      const char ends[] = {separator_, '\r', '\n'};
      const auto length = std::max<std::size_t>(
          1, std::min(rest_.find_first_of(std::string_view(ends, sizeof ends)), rest_.size()));
      field += rest_.substr(0, length);
      rest_.remove_prefix(length);
    }
    return field;
  }

  std::string quoted() {
    const auto began = at_line_;
    std::string field;
    rest_.remove_prefix(1);
    for (;;) {
      const auto quote = rest_.find('"');
      if (quote == rest_.npos)
        wrong(file_, began, "a quote (\") is never closed",
              "a field that begins with a quote ends with one; a quote within it is written twice");
      const auto text = rest_.substr(0, quote);
      at_line_ += static_cast<std::size_t>(std::ranges::count(text, '\n'));
      field += text;
      rest_.remove_prefix(quote + 1);
      if (!eat('"')) break;
      field += '"';
    }
    if (!field_ends())
      wrong(file_, at_line_, "text after a closing quote (\")",
            "a quote within a quoted field is written twice: \"\"");
    return field;
  }

  std::string_view rest_;
  char separator_;
  const std::string& file_;
  std::size_t at_line_ = 1, line_ = 1;
};

std::string checked_name(std::string_view field, std::set<std::string>& seen,
                         const std::string& file, std::size_t line) {
  const std::string name(trim(field));
  const char* hint = "each column needs a name of its own in the first line, without { and }";
  if (name.empty()) wrong(file, line, fmt::format("column {} has no name", seen.size() + 1), hint);
  if (name.find_first_of("{}\t\n\r") != name.npos)
    wrong(file, line, fmt::format("\"{}\" is no name for a column", printable(name)), hint);
  if (name == "index")
    wrong(file, line, "a column cannot be called index",
          "{index} is the position of the trial, from 0; give the column another name");
  if (!seen.insert(name).second)
    wrong(file, line, fmt::format("two columns are called \"{}\"", printable(name)), hint);
  return name;
}

std::string joined(const std::vector<std::string>& fields, const std::vector<std::string>& columns,
                   const std::string& file, std::size_t line) {
  if (fields.size() != columns.size())
    wrong(file, line,
          fmt::format("{} field{}, but there are {} columns", fields.size(),
                      fields.size() == 1 ? "" : "s", columns.size()),
          "a field that holds the separator stands in quotes: \"a, b\"");
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].find_first_of(std::string_view("\t\n\r\0", 4)) != std::string::npos)
      wrong(file, line,
            fmt::format("column \"{}\" holds a tab or a line break", printable(columns[i])),
            "no value of a trial may: put it into a file, and the file's name into the table");
  return join(fields, "\t");
}

}  // namespace

TrialTable parse_table(std::string_view text, char separator, const std::string& file) {
  Reader reader(text, separator, file);
  TrialTable table;
  std::vector<std::string> fields;
  const char* hint = "its first line names the columns, each further line is a trial";
  if (!reader.next(fields))
    throw Error(Exit::usage, fmt::format("{} is empty", printable(file)), hint);
  std::set<std::string> seen;
  for (const auto& field : fields)
    table.columns.push_back(checked_name(field, seen, file, reader.line()));
  while (reader.next(fields))
    table.trials.push_back(joined(fields, table.columns, file, reader.line()));
  if (table.trials.empty())
    throw Error(Exit::usage, fmt::format("{} holds no trials", printable(file)), hint);
  return table;
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const auto& cell : cells) {
    if (&cell != &cells.front()) line += ',';
    const bool plain = cell.find_first_of(",\"\r\n") == cell.npos && !cell.starts_with(' ') &&
                       !cell.ends_with(' ');
    line += plain ? cell : "\"" + replace_all(cell, "\"", "\"\"") + "\"";
  }
  return line + "\r\n";
}

}  // namespace pcluster
