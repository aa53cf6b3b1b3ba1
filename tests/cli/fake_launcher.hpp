// A fake launcher: it speaks the real codec over a real unix socket, and answers as a test says.
// It has no core; what a real one does is tested with the whole program.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "launcher/io/link.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/io/state.hpp"
#include "launcher/model/messages.hpp"

namespace pcluster {

class FakeLauncher {
 public:
  // `answer`: the replies to a request, in the launcher's thread.  A closed connection after
  // StopCluster's answer is its end.
  using Answer = std::function<std::vector<Reply>(const Request&)>;
  FakeLauncher(const std::string& socket, Answer answer);
  ~FakeLauncher();
  std::vector<Request> asked();

 private:
  void frame(const LinkPtr&, std::string_view payload);

  Answer answer_;
  std::mutex mutex_;
  std::vector<Request> asked_;
  std::vector<LinkPtr> links_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Listener> listener_;
  std::thread thread_;
};

// A home, a state directory and a share/ of its own, in the environment while it lives.
class Place {
 public:
  Place();
  ~Place();
  StateDirectory state() const { return {root_ + "/state/default"}; }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

// Calls run_cli with its streams in files; stdin is empty.
struct Ran {
  int code = 0;
  std::string out, err;
};
Ran run_words(std::vector<std::string> words);

// Rows as a launcher would send them.
WorkerRow home(std::uint32_t id, const std::string& job);
JobRow job(std::string id, JobState state, std::string reason = "", std::string log = "");

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

template <class T>
std::vector<T> of_kind(const std::vector<Request>& all) {
  std::vector<T> found;
  for (const auto& each : all)
    if (const auto* one = std::get_if<T>(&each)) found.push_back(*one);
  return found;
}

}  // namespace pcluster
