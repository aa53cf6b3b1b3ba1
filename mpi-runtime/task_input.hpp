// Input of the tasks that have one, their standard input or a channel's: what their client sends, a
// pipe's worth at a time and in bounded memory.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include "launcher/io/file.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/model/messages.hpp"

namespace pcluster {

class TaskInputs {
 public:
  static constexpr std::uint32_t window = 256 << 10;  // most bytes that wait here for one task

  TaskInputs(Loop&, std::function<void(const InputWanted&)> wants);
  ~TaskInputs();
  TaskInputs(const TaskInputs&) = delete;
  TaskInputs& operator=(const TaskInputs&) = delete;

  Fd open(const AttemptId&);  // what the program reads from; throws Error
  // The same for a rank, which opens it by its name; throws Error.
  void open_named(const AttemptId&, const std::string& path);
  void started(const AttemptId&);
  void feed(const TaskInput&);
  void close(const AttemptId&);

 private:
  struct Pipe {
    AttemptId attempt;
    Fd write;  // none: all is written, or nobody reads
    std::string waiting{};
    std::uint64_t received = 0, told = 0;  // told: it may be sent up to here
    bool end = false, blocked = false, deaf = false;
    // Of a named one: what is written before its reader has come stays there.
    Fd read{};
    std::string path{};
  };
  void poll();
  void drain(Pipe&);
  void tell(Pipe&, bool anyhow);
  void wait(Pipe&, bool blocked);
  void shut(Pipe&);
  void writable();

  Loop& loop_;
  std::function<void(const InputWanted&)> wants_;
  std::map<AttemptId, Pipe> pipes_;
  Fd poll_;  // of the pipes that are full: readable when one is full no more
};

}  // namespace pcluster
