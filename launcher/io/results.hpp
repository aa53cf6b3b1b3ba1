// The results table of a workload as it is written: spec, rows, texts.  Blocking; the store's
// thread has it.  launcher/io only.
//
// A row: CRC-32C of the rest 4, CRC-32C of its text 4, index 4, state 1, cause 1, whether a limit
// was set 1, nothing 1, number 4, epoch 4, exit code 4, signal 4, worker 4, text's length 4, start
// 8, end 8, CPU 8, max RSS 8, text's offset 8. A text: memory limit 8 (if one was set), length of
// host 4, of message 4, host, message, columns.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "launcher/io/disk.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/state.hpp"
#include "launcher/io/store.hpp"
#include "launcher/model/records.hpp"

namespace pcluster {

inline constexpr std::size_t row_size = 80;

struct TextPlace {
  std::uint64_t offset = 0;
  std::uint32_t size = 0, sum = 0;
  bool limited = false;  // the memory limit stands before it
  bool operator==(const TextPlace&) const = default;
};
void append_row(std::string& bytes, const TaskResult&, WorkerId, const TextPlace&);
std::string text_bytes(const TaskResult&, std::string_view host);
// Nothing: no row was written there, or it is damaged.
std::optional<ResultRow> parse_row(std::string_view bytes, WorkloadId, std::uint32_t index,
                                   TextPlace& text);
void parse_text(std::string_view text, const TextPlace&, ResultRow&);

class ResultTables {
 public:
  ResultTables(StateDirectory directory, Disk disk)
      : directory_(std::move(directory)), disk_(std::move(disk)) {}

  // Takes from a durable record what the tables need.  `replayed`: the row may stand already.
  void add(Record, bool replayed);
  std::string flush();  // as Journal::flush

 private:
  struct Row {
    TaskResult result;
    WorkerId worker{};
    bool replayed = false;
  };
  struct PlainText {
    std::uint64_t memory_limit_kb = 0;
    TextPlace place;
  };
  struct Table {
    Fd rows, texts;
    std::uint64_t text_end = 0;
    std::uint64_t found_end = 0;  // when it was opened: rows that stand have their texts before
    TextPlace found;              // one of those, read and whole
    std::unordered_map<std::string, TextPlace> plain;       // host (and limit) alone
    std::unordered_map<std::uint32_t, PlainText> plain_of;  // the last one, by worker
  };
  using Rows = std::vector<Row>;

  Table& open_table(WorkloadId);
  void write_rows(WorkloadId, Rows&);
  TextPlace place_text(Table&, const Row&);
  TextPlace write_text(Table&, const Row&);
  void write_at(int fd, std::string_view bytes, std::uint64_t offset, const std::string& what);
  static bool stands(Table&, const TaskResult&);

  StateDirectory directory_;
  Disk disk_;
  std::unordered_map<std::uint32_t, std::string> hosts_;  // by worker
  std::vector<WorkloadAdded> specs_;
  std::map<WorkloadId, Rows> pending_;
  std::map<WorkloadId, Table> tables_;
};

}  // namespace pcluster
