// `{trial}`, `{index}`, `{COLUMN}` and GNU parallel's `{}`, `{.}`, `{/}`, `{//}`, `{/.}`, `{2}` in
// the words of a task.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pcluster {

// One trial under the names that words may use.  Views: columns and trial must live on.
class TrialText {
 public:
  TrialText(const std::vector<std::string>& columns, std::string_view trial, std::uint32_t index);

  // What `{braced}` stands for; nothing: it stays as it is.  A name is that of a column, its number
  // from 1, `trial`, `index`, or empty for the value (not in a table without a column `trial`);
  // after it may come a form of paths: `.` without extension, `/` the last part, `//` the
  // directory, `/.` the last part without extension.  Without columns only `{trial}` and `{index}`
  // mean something: programs that are no trials have braces of their own.
  std::optional<std::string> find(std::string_view braced) const;
  bool may_mean(std::string_view name) const;  // with some columns or others
  // `{trial}`, $PCLUSTER_TRIAL: the column `trial`; else the first columns if they are called 1, 2,
  // ..., a blank between; else, in a table, the index.
  std::string whole() const;
  // A column `index` before all others stands for it: a trial that was tried before keeps its own.
  std::string index() const;
  const std::vector<std::string_view>& values() const { return values_; }  // one for each column

 private:
  std::optional<std::string> named(std::string_view name) const;
  std::optional<std::string> value() const;
  const std::string_view* column(std::string_view name) const;

  std::string number(std::size_t column) const;  // "1", ...

  const std::vector<std::string>& columns_;
  std::string_view trial_;
  std::uint32_t index_;
  std::size_t first_;  // column that was asked for: behind `index`
  std::vector<std::string_view> values_;
};

// In every word; `{{name}}` is the text {name}.  Other braces stay as they are (JSON, awk), and so
// does `${...}`: it is a shell's own.
std::string expand(const std::string& word, const TrialText&);
std::vector<std::string> expand(const std::vector<std::string>& argv, const TrialText&);

// What stands between braces in a word, whether it means something or not.
std::vector<std::string_view> braced_in(std::string_view word);
// The name without the form of a path.
std::string_view name_of_braced(std::string_view inner);

// The environment variable of a column: PCLUSTER_ and its name in upper case; empty when that is
// one of ours.
std::string column_variable(std::string_view column);

}  // namespace pcluster
