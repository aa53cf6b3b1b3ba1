// A launcher over its real store and sockets, in a thread of its own, on a disk that the test
// holds. SPDX-License-Identifier: MIT
#pragma once
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "launcher/daemon/launcher.hpp"
#include "launcher/io/disk.hpp"
#include "launcher/model/codec.hpp"
#include "tests/io/scratch.hpp"

namespace pcluster::test {

class Rig {
 public:
  Rig(const std::string& root, const Disk& disk)
      : directory_{root}, thread_([this, disk] { serve(disk); }) {
    while (!ready_) std::this_thread::yield();
  }
  ~Rig() {
    loop_->post([this] { loop_->stop(); });
    thread_.join();
  }
  ClientSocket client() const { return ClientSocket::connect_unix(directory_.socket()); }
  // Their link is the same behind its TLS, which these tests leave out.
  ClientSocket worker() const { return ClientSocket::connect_unix(workers()); }

 private:
  std::string workers() const { return directory_.root + "/workers"; }

  void serve(const Disk& disk) {
    spdlog::set_level(spdlog::level::off);  // its warnings are what is tested
    Loop loop;
    loop_ = &loop;
    std::unique_ptr<Launcher> launcher;
    for (const auto& path : {directory_.journal(), directory_.jobs(), directory_.workloads()})
      make_directories(path);
    Core core("test", 0);
    const auto replayed =
        replay_journal(directory_.journal(), [&](const Record& record) { core.apply(record); });
    const Epoch epoch = replayed.last_epoch + 1;
    core.set_epoch(epoch);
    Store store(
        loop, directory_, epoch, [&](std::uint64_t n) { launcher->durable(n); },
        [&](const std::string& text) { launcher->trouble(text); }, disk);
    store.recall();
    launcher = std::make_unique<Launcher>(loop, directory_, this_process(), std::move(core), store,
                                          "test", [] {});
    const auto clients = listen_unix(loop, directory_.socket(), [&](LinkPtr link) {
      launcher->accept(std::move(link), Role::client);
    });
    const auto listener = listen_unix(
        loop, workers(), [&](LinkPtr link) { launcher->accept(std::move(link), Role::worker); });
    launcher->begin();
    ready_ = true;
    loop.run();
  }

  StateDirectory directory_;
  Loop* loop_ = nullptr;
  std::atomic<bool> ready_{false};
  std::thread thread_;
};

template <class Sum>  // Reply, ToWorker
std::optional<Sum> next(ClientSocket& socket, Micros patience) {
  std::string payload;
  if (socket.receive(payload, patience) != ClientSocket::Got::frame) return {};
  return decode<Sum>(payload);
}

inline void ask(ClientSocket& client, const Request& request) { client.send(encode(request)); }

template <class T>
std::optional<T> answer(ClientSocket& client, Micros patience) {
  const auto reply = next<Reply>(client, patience);
  if (!reply || !std::holds_alternative<T>(*reply)) return {};
  return std::get<T>(*reply);
}

inline AddWorkload work(std::int64_t tasks, bool follow) {
  AddWorkload add;
  add.spec.verb = "map";
  add.spec.task.argv = {"true"};
  add.spec.trials = TrialRange{0, tasks - 1, 1};
  add.follow = follow;
  return add;
}

}  // namespace pcluster::test
