// Output of tasks: per worker one append-only data file and one index, on the shared file system.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include "launcher/io/disk.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/state.hpp"
#include "launcher/model/ids.hpp"

namespace pcluster {

enum class Stream : std::uint8_t { out = 1, err = 2 };

class SpoolWriter {  // a worker's; buffered, call flush()
 public:
  SpoolWriter(const std::string& directory, const std::string& name,
              Disk = {});  // DIR/NAME.data, DIR/NAME.index
  ~SpoolWriter();
  void append(const AttemptId&, Stream, std::string_view bytes);
  // Throws Error (disk full); what could not be written is kept for the next call.  On a network's
  // file system it is synced, too: only then other hosts see it, and only then we hear of a full
  // one.
  void flush();
  std::size_t buffered() const;
  bool sync_failed() const { return sync_failed_; }  // the last flush: what it wrote may be lost

 private:
  struct Open {  // the piece that grows
    AttemptId attempt;
    Stream stream;
    std::uint64_t offset, length;
  };
  void close_piece();
  void write_out(int fd, std::string& buffer, const char* which);
  void sync(int fd, const char* which);
  [[noreturn]] void fail(const char* which, int error);

  std::string path_;
  Disk disk_;
  Fd data_, index_;
  std::optional<Open> open_;
  std::string data_buffer_, index_buffer_;
  std::uint64_t offset_ = 0;
  bool remote_ = false, sync_failed_ = false;
};

struct SpoolPiece {
  AttemptId attempt;
  Stream stream;
  std::string file;  // data file
  std::uint64_t offset = 0, length = 0;
};
// All pieces of a workload (or of one task, or attempt) in all spools, in the order they were
// written per worker.
std::vector<SpoolPiece> find_output(const StateDirectory&, WorkloadId,
                                    std::optional<std::uint32_t> index = {});
std::string read_piece(const SpoolPiece&);

}  // namespace pcluster
