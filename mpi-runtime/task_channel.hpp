// What tasks write to their channels, on its way to their clients: kept until it has arrived, in
// bounded memory, and sent again when it may not have.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>
#include "launcher/io/file.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/model/messages.hpp"

namespace pcluster {

class TaskChannels {
 public:
  static constexpr std::uint32_t window = 512 << 10;  // most bytes that are kept for one task
  static constexpr std::size_t part = 128 << 10;      // of one message

  TaskChannels(Loop&, std::function<void(ChannelBytes)> send);
  ~TaskChannels();
  TaskChannels(const TaskChannels&) = delete;
  TaskChannels& operator=(const TaskChannels&) = delete;

  Fd open(const AttemptId&);  // what the program writes to; throws Error
  // The same for a rank, which opens it by its name; throws Error.
  void open_named(const AttemptId&, const std::string& path);
  bool has(const AttemptId& attempt) const { return pipes_.contains(attempt); }
  void started(const AttemptId&);
  void taken(const ChannelTaken&);
  void send_again();  // what was sent so far may be lost
  // Its program has ended: `done` is called once its client has all of it.
  void finish(const AttemptId&, std::function<void()> done);
  // Its client is waited for no longer.
  void give_up(const AttemptId&);
  void close(const AttemptId&);

 private:
  struct Pipe {
    AttemptId attempt;
    Fd read;             // none: its end was read
    std::string path{};  // of a named one
    // The bytes from `have` on, which its client does not have; they begin at `first` in `kept`.
    std::string kept{};
    std::size_t first = 0;
    std::uint64_t have = 0, sent = 0, limit = window;  // of all bytes; it may be sent to `limit`
    bool watched = false, said_end = false, over = false;
    std::function<void()> done{};

    std::size_t waiting() const { return kept.size() - first; }
    std::uint64_t total() const { return have + waiting(); }
  };
  void add(const AttemptId&, Fd read, const std::string& path);
  Pipe* find(const AttemptId&);
  void move_on(Pipe&);  // reads and sends what it can; it may be gone then
  void fill(Pipe&);
  void send(Pipe&);
  void confirm(Pipe&, std::uint64_t have);
  void watch(Pipe&, bool);
  void at_end(Pipe&);
  void remove(const AttemptId&);
  void readable();

  Loop& loop_;
  std::function<void(ChannelBytes)> send_;
  std::map<AttemptId, Pipe> pipes_;
  std::vector<char> buffer_;
  Fd poll_;  // of the pipes that there is room to read: readable when one of them is
};

}  // namespace pcluster
