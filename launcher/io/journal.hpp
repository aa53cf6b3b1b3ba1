// The journal's end that is written: segments, synced, gone on with behind every error.  Blocking;
// the store's thread has it.  launcher/io only. SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>

#include "launcher/io/disk.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/segment.hpp"
#include "launcher/model/records.hpp"

namespace pcluster {

class Journal {
 public:
  Journal(std::string directory, Epoch epoch, Disk disk)
      : directory_(std::move(directory)), epoch_(epoch), disk_(std::move(disk)) {}

  void add(const Record&);
  // Makes all that was added durable.  Not empty: what is wrong; nothing is lost, call again.
  std::string flush();

 private:
  std::string open_segment();
  std::string write_pending();
  void give_up_segment();
  std::string trouble(int error) const;

  std::string directory_, path_;
  Epoch epoch_;
  Disk disk_;
  std::uint64_t sequence_ = 0, number_ = 0;  // of the last record; of the segment
  std::string pending_;                      // not durable yet
  std::size_t written_ = 0;                  // of pending_, taken by the kernel
  std::uint64_t size_ = 0;                   // durable bytes of the segment
  Fd file_;
  bool named_ = false;  // the directory is synced: the file's name is durable, too
};

}  // namespace pcluster
