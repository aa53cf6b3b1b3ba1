// For tests: one process that is a gang's head and another worker's part at once.
// SPDX-License-Identifier: MIT
#pragma once
#include <doctest/doctest.h>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>
#include "launcher/io/file.hpp"
#include "launcher/io/key.hpp"
#include "mpi-runtime/parts.hpp"

namespace pcluster {

struct GangRig {
  explicit GangRig(const WorkerSize& size = {}) : size_(size) {
    directory.root = top + "/default";
    make_private_directory(directory.root);
    make_key(directory.key());
    make_directories(local);
    port = parts.listen(directory, "default");
    tasks.welcome(WorkerId{3}, top + "/spool");
    task.ranks = 2;
    task.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", top}};
  }
  ~GangRig() {
    remove_tree(memory_directory_of(local));
    remove_tree(top);
  }

  TaskStart start_of(const std::string& script) {
    TaskStart start{
        {{WorkloadId{7}, 0}, 2, 1}, "", {"sh", "-c", script}, "", &task, 1, {1, 1, 0}, {}};
    // The head has another name: it is both here.
    start.gang = {{WorkerId{1}, 1, 1, "node1", {"10.0.0.1"}, 0, true},
                  {WorkerId{3}, 1, 1, "node2", {"127.0.0.1"}, port, true}};
    return start;
  }
  TaskResult run(const std::string& script) {
    const auto start = start_of(script);
    parts.seat(start);
    tasks.start(start);
    until([this] { return !results.empty(); });
    parts.vacate(start.attempt);
    until([this] { return vacated == 1; });
    tasks.output().flush();
    return results.front();
  }
  void until(const std::function<bool()>& done) {
    for (Time end = loop.now() + 20 * second; !done() && loop.now() < end;) turn(millisecond);
    REQUIRE(done());
  }
  void turn(Micros time) {
    loop.at(loop.now() + time, [this] { loop.stop(); });
    loop.run();
  }
  std::string output() const {
    std::string text;
    for (const auto& piece : find_output({top}, WorkloadId{7})) text += read_piece(piece);
    return text;
  }
  static std::string made_directory() {
    char name[] = "/tmp/pcluster-test-gang-XXXXXX";
    return mkdtemp(name);
  }
  WorkerFacts facts() const {
    WorkerFacts facts;
    facts.cluster = "default";
    facts.local_directory = local;
    facts.state_directory = top + "/default";
    facts.program = PCLUSTER_BINARY;
    return facts;
  }

  std::string top = made_directory();
  std::string local = top + "/local" + top.substr(top.size() - 6);
  StateDirectory directory;
  Loop loop;
  TaskTemplate task;
  std::vector<TaskResult> results;
  std::string said;
  int vacated = 0;
  WorkerSize size_;
  Tasks tasks{loop,
              facts(),
              size_,
              2,
              [this](const std::string& text) { said += text + "\n"; },
              [this](TaskResult result) { results.push_back(std::move(result)); },
              [](const InputWanted&) {}};
  Parts parts{loop, tasks, [this](const std::string& text) { said += text + "\n"; },
              [this](const AttemptId&) { ++vacated; }};
  std::uint16_t port = 0;
};

}  // namespace pcluster
