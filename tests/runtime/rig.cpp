// For tests: a spawner with a loop around it, and ways to look for processes that were left.
// SPDX-License-Identifier: MIT
#include "rig.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace pcluster {

Rig::Rig(std::uint32_t slots)
    : environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"},
      spawner(
          loop, slots,
          [this](std::uint32_t slot, Stream stream, std::string_view bytes) {
            output[{slot, stream}].append(bytes);
            largest_chunk = std::max(largest_chunk, bytes.size());
          },
          [this](const Ended& end) {
            ends.push_back(end);
            auto& out = output[{end.slot, Stream::out}];
            auto& err = output[{end.slot, Stream::err}];
            outputs.push_back(out + "|" + err);
            out.clear();
            err.clear();
            if (on_end) on_end(end);
          }) {}

std::optional<StartFailure> Rig::start(std::uint32_t slot, std::vector<std::string> argv) {
  std::string mark =
      "PCLUSTER_RESULT=/rig/" + std::to_string(getpid()) + "/" + std::to_string(slot);
  std::vector<const char*> entries;
  for (const auto& entry : environment) entries.push_back(entry.c_str());
  entries.push_back(mark.c_str());
  entries.push_back(nullptr);
  Program program;
  program.argv = std::move(argv);
  program.environment = entries.data();
  program.path = path;
  program.directory = directory;
  program.output = output_file;
  program.cores = cores;
  program.own_session = own_session;
  return spawner.start(slot, program, mark);
}

Ended Rig::run(std::vector<std::string> argv) {
  if (auto failure = start(0, std::move(argv))) throw std::runtime_error("did not start");
  wait_for_ends(ends.size() + 1);
  return ends.back();
}

void Rig::wait_for_ends(std::size_t count) {
  Time give_up = loop.now() + 60 * second;
  while (ends.size() < count) {
    if (loop.now() > give_up) throw std::runtime_error("tasks did not end");
    turn(1 * millisecond);
  }
}

void Rig::turn(Micros time) {
  loop.at(loop.now() + time, [this] { loop.stop(); });
  loop.run();
}

std::vector<pid_t> sleepers(const std::string& number) {
  std::vector<pid_t> found;
  DIR* directory = opendir("/proc");
  while (const dirent* entry = readdir(directory)) {
    int pid = std::atoi(entry->d_name);
    if (pid == 0) continue;
    Fd file(open(("/proc/" + std::to_string(pid) + "/cmdline").c_str(), O_RDONLY | O_CLOEXEC));
    std::string words(256, '\0');
    ssize_t size =
        file ? read(file.get(), words.data(), words.size()) : -1;  // it may be gone by now
    words.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    if (words == std::string("sleep\0", 6) + number + '\0') found.push_back(pid);
  }
  closedir(directory);
  return found;
}

std::string unique_number() {
  static int count = 0;
  return "7" + std::to_string(getpid()) + std::to_string(++count);
}

bool appear(const std::string& number, std::size_t count) {
  for (int i = 0; i < 10'000 && sleepers(number).size() != count; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return sleepers(number).size() == count;
}

bool gone_within(const std::string& number, Micros time) {
  for (Micros waited = 0; waited < time; waited += 2 * millisecond) {
    if (sleepers(number).empty()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return sleepers(number).empty();
}

}  // namespace pcluster
