// One command under way: started without a shell, its output gathered, its whole process group
// ended at the time limit.  Waiting is the owner's affair.  launcher/io only.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {

class Child {
 public:
  // Not startable: finished at once, with 127 (not found) or 126, the reason in `err`.
  Child(const std::vector<std::string>& argv, const CommandOptions&);
  ~Child();  // ends it if it still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }  // 0 or less: it has ended
  bool finished() const { return pid_ <= 0; }
  int out() const { return out_.get(); }  // -1: closed
  int err() const { return err_.get(); }
  int exit_event() const {
    return pidfd_.get();
  }                                             // readable at its end; -1: an old kernel, ask again
  void read_out() { read(out_, output_.out); }  // what is there now
  void read_err() { read(err_, output_.err); }
  bool check_exit();  // true: it has ended, and its output is complete
  void time_out();    // kills its process group
  CommandOutput take() { return std::move(output_); }

 private:
  void start(const std::vector<std::string>& argv, const CommandOptions&);
  void read(Fd& fd, std::string& text);
  void finish(int status);

  pid_t pid_ = -1;
  Fd out_, err_, pidfd_;
  CommandOutput output_;
};

// Ours with `changes` ("K=V") set over it.
std::vector<std::string> merged_environment(const std::vector<std::string>& changes);
std::vector<char*> pointers(std::vector<std::string>& words);  // with the null at the end

}  // namespace pcluster
