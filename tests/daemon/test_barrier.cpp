// The launcher over its real store and socket: nothing is promised before it is on the disk.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <thread>

#include "launcher/daemon/launcher.hpp"
#include "launcher/io/disk.hpp"
#include "launcher/model/codec.hpp"
#include "tests/io/disks.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

// A launcher in a thread of its own, on a disk that the test holds.
class Rig {
 public:
  explicit Rig(const Disk& disk)
      : directory_{scratch_.path}, thread_([this, disk] { serve(disk); }) {
    while (!ready_) std::this_thread::yield();
  }
  ~Rig() {
    loop_->post([this] { loop_->stop(); });
    thread_.join();
  }
  ClientSocket client() const { return ClientSocket::connect_unix(directory_.socket()); }

 private:
  void serve(const Disk& disk) {
    spdlog::set_level(spdlog::level::off);  // its warnings are what is tested
    Loop loop;
    loop_ = &loop;
    std::unique_ptr<Launcher> launcher;
    for (const auto& path : {directory_.journal(), directory_.jobs(), directory_.workloads()})
      make_directories(path);
    Store store(
        loop, directory_, 1, [&](std::uint64_t n) { launcher->durable(n); },
        [&](const std::string& text) { launcher->trouble(text); }, disk);
    launcher = std::make_unique<Launcher>(loop, directory_, this_process(), Core("test", 1), store,
                                          "test", [] {});
    const auto listener = listen_unix(loop, directory_.socket(), [&](LinkPtr link) {
      launcher->accept(std::move(link), Role::client);
    });
    launcher->begin();
    ready_ = true;
    loop.run();
  }

  Scratch scratch_;
  StateDirectory directory_;
  Loop* loop_ = nullptr;
  std::atomic<bool> ready_{false};
  std::thread thread_;
};

void ask(ClientSocket& client, const Request& request) { client.send(encode(request)); }

template <class T>
std::optional<T> answer(ClientSocket& client, Micros patience) {
  std::string payload;
  if (client.receive(payload, patience) != ClientSocket::Got::frame) return {};
  const auto reply = decode<Reply>(payload);
  if (!reply || !std::holds_alternative<T>(*reply)) return {};
  return std::get<T>(*reply);
}

AddWorkload some_work() {
  AddWorkload add;
  add.spec.verb = "map";
  add.spec.task.argv = {"true"};
  add.spec.trials = TrialRange{0, 9, 1};
  add.follow = false;
  return add;
}

}  // namespace

TEST_CASE("a workload is accepted when its record is durable, not before") {
  std::atomic<bool> hangs{false};
  Disk disk;
  disk.sync_data = [&](int) {
    while (hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return 0;
  };
  Rig rig(disk);
  auto client = rig.client();
  ask(client, some_work());
  CHECK(answer<WorkloadAccepted>(client, 5 * second)->tasks == 10);

  hangs = true;
  ask(client, some_work());
  CHECK_FALSE(answer<WorkloadAccepted>(client, 200 * millisecond));
  auto other = rig.client();
  ask(other, Ping{});
  CHECK(answer<Pong>(other, 5 * second));  // the loop goes on while the disk hangs
  hangs = false;
  CHECK(answer<WorkloadAccepted>(client, 5 * second)->workload == WorkloadId{2});
}

TEST_CASE("a full disk is refused with the reason, and work is taken again when there is room") {
  const auto state = std::make_shared<DiskState>();
  Rig rig(disk_of(state));
  auto client = rig.client();
  ask(client, some_work());
  CHECK(answer<WorkloadAccepted>(client, 5 * second));  // the launcher's own records are written
  state->room = 0;
  ask(client, some_work());
  CHECK_FALSE(answer<WorkloadAccepted>(client, 200 * millisecond));  // no false promise
  auto other = rig.client();
  ask(other, some_work());
  const auto refusal = answer<Refusal>(other, 5 * second);
  REQUIRE(refusal);
  CHECK(refusal->message.find("No space left") != std::string::npos);
  CHECK(refusal->code == 3);
  state->room = 1 << 30;
  CHECK(answer<WorkloadAccepted>(client, 5 * second));  // the first one's, now that it is true
  bool accepted = false;  // the end of the trouble is told a moment after the first promise
  for (int i = 0; i < 100 && !accepted; ++i) {
    ask(other, some_work());
    accepted = answer<WorkloadAccepted>(other, 5 * second).has_value();
  }
  CHECK(accepted);
}

TEST_CASE("what is no request ends that connection and nothing else") {
  Rig rig(Disk{});
  auto stranger = rig.client();
  stranger.send("rubbish");
  CHECK(answer<Refusal>(stranger, 5 * second));
  std::string payload;
  CHECK(stranger.receive(payload, 5 * second) == ClientSocket::Got::closed);
  auto client = rig.client();
  ask(client, Ping{});
  CHECK(answer<Pong>(client, 5 * second));
}
