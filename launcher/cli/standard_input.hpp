// Our standard input on its way to a task: read no sooner than the task takes it, and kept until
// the task has it, for a connection may be lost. SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "launcher/model/messages.hpp"

namespace pcluster {

// What may be sent, and what may have to be sent again.  Pure: no clock, no I/O.
class InputWindow {
 public:
  std::size_t room() const;          // so many bytes more are wanted; none before the task runs
  TaskInput add(std::string bytes);  // to be sent
  TaskInput end();
  bool ended() const { return ended_; }
  std::optional<TaskInput> wanted(const InputWanted&);  // what is to be sent again
  // To a new launcher: what nobody has said that it arrived, and how much is wanted?
  TaskInput again(const AttemptId&);

 private:
  TaskInput unconfirmed() const { return {*attempt_, sent_, ended_, from_}; }

  std::optional<AttemptId> attempt_;
  std::string sent_;  // from here: the byte with this number
  std::uint64_t from_ = 0, limit_ = 0;
  bool ended_ = false;
};

class StandardInput {
 public:
  // To be waited for; -1: nothing of it is wanted now, or the terminal is another program's.
  int descriptor() const;
  std::optional<TaskInput> read();  // once it is ready
  InputWindow window;
};

// Before the first descriptor is opened: nothing else may be taken for our standard input.
void open_missing_input();

}  // namespace pcluster
