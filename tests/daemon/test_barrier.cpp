// The launcher over its real store and socket: nothing is promised before it is on the disk.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <atomic>
#include <memory>
#include <thread>

#include "tests/daemon/rig.hpp"
#include "tests/io/disks.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

AddWorkload some_work() { return work(10, false); }

}  // namespace

TEST_CASE("a workload is accepted when its record is durable, not before") {
  std::atomic<bool> hangs{false};
  Disk disk;
  disk.sync_data = [&](int) {
    while (hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return 0;
  };
  const Scratch scratch;
  Rig rig(scratch.path, disk);
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
  const Scratch scratch;
  Rig rig(scratch.path, disk_of(state));
  auto client = rig.client();
  ask(client, some_work());
  CHECK(answer<WorkloadAccepted>(client, 5 * second));  // the launcher's own records are written
  state->room = 0;
  ask(client, some_work());
  const auto news = answer<Progress>(client, 5 * second);  // no false promise
  REQUIRE(news);
  CHECK(news->note.find("No space left") != std::string::npos);
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

TEST_CASE("a disk that does not answer: who waits is told, new work is refused until it does") {
  std::atomic<bool> hangs{false};
  Disk disk;
  disk.sync_data = [&](int) {
    while (hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return 0;
  };
  const Scratch scratch;
  Rig rig(scratch.path, disk);
  auto client = rig.client(), other = rig.client();
  ask(client, some_work());
  REQUIRE(answer<WorkloadAccepted>(client, 5 * second));
  hangs = true;
  ask(client, some_work());
  const auto news = answer<Progress>(client, 7 * second);
  REQUIRE(news);
  CHECK(news->note.find("no answer for 5") != std::string::npos);
  ask(other, some_work());
  const auto refusal = answer<Refusal>(other, 5 * second);
  REQUIRE(refusal);
  CHECK(refusal->message.find("no answer for 5") != std::string::npos);
  hangs = false;
  CHECK(answer<WorkloadAccepted>(client, 5 * second));
  ask(other, some_work());
  CHECK(answer<WorkloadAccepted>(other, 5 * second));
}

TEST_CASE("what is no request ends that connection and nothing else") {
  const Scratch scratch;
  Rig rig(scratch.path, Disk{});
  auto stranger = rig.client();
  stranger.send("rubbish");
  CHECK(answer<Refusal>(stranger, 5 * second));
  std::string payload;
  CHECK(stranger.receive(payload, 5 * second) == ClientSocket::Got::closed);
  auto client = rig.client();
  ask(client, Ping{});
  CHECK(answer<Pong>(client, 5 * second));
}
