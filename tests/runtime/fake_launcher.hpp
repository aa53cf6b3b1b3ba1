// For tests: a launcher of few words, and a worker process that calls it.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include "launcher/io/link.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/io/state.hpp"
#include "launcher/model/messages.hpp"

namespace pcluster {

// A state directory of its own, and `pcluster worker` on it, started before there is any launcher.
struct WorkerProcess {
  explicit WorkerProcess(std::uint32_t slots = 2);
  ~WorkerProcess();  // ends it, removes the directories
  int wait();        // its exit code
  std::string log() const;

  std::string top;
  StateDirectory directory;
  pid_t guard = 0;
};

class FakeLauncher {
 public:
  explicit FakeLauncher(const StateDirectory&);
  void send(const ToWorker&);
  void drop_link();
  // Runs the loop until `done`; fails after 10 s.
  void until(const std::function<bool()>& done);
  void welcome();  // waits for the Hello and answers it
  void assign(std::uint32_t workload, const TaskTemplate&, std::vector<std::string> trials);
  const TaskResult* result(std::uint32_t index) const;

  Loop loop;
  std::vector<Hello> hellos;
  std::vector<TaskResult> results;
  std::vector<std::string> byes;
  bool acknowledge = true;

 private:
  void received(const FromWorker&);
  StateDirectory directory_;
  std::unique_ptr<Listener> listener_;
  LinkPtr link_;
};

}  // namespace pcluster
