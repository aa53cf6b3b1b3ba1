// A worker that runs nothing: it takes what it is given over a real link, and says at once that it
// is done.  What is left is the launcher's own work for a task.
//   empty_worker_bench STATE_DIRECTORY CLUSTER [SLOTS] [LINKS]
// It goes in a worker's place: pcluster submit --setup "exec .../empty_worker_bench ..."
// SPDX-License-Identifier: MIT
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/state.hpp"
#include "launcher/model/codec.hpp"

namespace {

using namespace pcluster;

constexpr std::size_t most_results = 256;  // in a report, as an agent has it

class EmptyWorker {
 public:
  EmptyWorker(Loop& loop, LinkPtr link, Hello me) : loop_(loop), link_(std::move(link)) {
    link_->set_frame_limit(max_frame);
    link_->on_frame = [this](std::string_view payload) { received(payload); };
    link_->on_closed = [this](const std::string&) { loop_.stop(); };
    say(me);
  }

 private:
  void say(const FromWorker& message) { link_->send(encode(message)); }

  void received(std::string_view payload) {
    const auto message = decode<ToWorker>(payload);
    if (!message) return loop_.stop();
    if (const auto* assign = std::get_if<Assign>(&*message)) return done(*assign);
    if (const auto* welcome = std::get_if<Welcome>(&*message)) return beat(welcome->heartbeat);
    if (std::holds_alternative<Retract>(*message)) return say(Returned{});
    if (std::holds_alternative<StopWorker>(*message)) loop_.stop();
  }

  void beat(Micros every) {
    say(Heartbeat{});
    loop_.at(loop_.now() + every, [this, every] { beat(every); });
  }

  void done(const Assign& assign) {
    const auto now = unix_now();
    for (const auto& item : assign.items)
      for (std::uint32_t i = 0; i < item.count; ++i) {
        TaskResult result;
        result.attempt = {{item.workload, item.first + i}, item.number, assign.epoch};
        result.start_unix = now - 200;
        result.end_unix = now;
        result.cpu = 250;
        result.max_rss_kb = 2048;
        report_.started.push_back(result.attempt);
        report_.results.push_back(std::move(result));
        if (report_.results.size() >= most_results) send_report();
      }
    if (!report_.results.empty()) send_report();
  }

  void send_report() {
    report_.sequence += report_.results.size();
    say(report_);
    report_.results.clear();
    report_.started.clear();
  }

  Loop& loop_;
  LinkPtr link_;
  Report report_;
};

// The only submit of this cluster.
std::string token_of(const StateDirectory& directory) {
  for (const auto& name : list_directory(directory.jobs()))
    if (name.ends_with(".sh")) return name.substr(0, name.size() - 3);
  throw Error(Exit::usage, "no submit in " + directory.jobs());
}

int serve(const StateDirectory& directory, const std::string& cluster, std::uint32_t slots,
          int links) {
  const auto info = read_launcher_info(directory);
  if (!info) throw Error(Exit::usage, "no launcher in " + directory.root);
  Loop loop;
  Hello me;
  me.token = token_of(directory);
  const char* job = std::getenv("PCLUSTER_JOB_ID");
  me.job_id = job == nullptr ? "" : job;
  me.host = hostname();
  me.size = {slots, std::uint64_t{1} << 20, 0};
  me.slots = slots;
  std::vector<std::unique_ptr<EmptyWorker>> workers;
  for (int i = 0; i < links; ++i) {
    me.incarnation = random_token(16);
    connect_tls(loop, {{"127.0.0.1", info->port}}, read_key(directory.key()), cluster, Role::worker,
                5 * second, [&, me](LinkPtr link, const ConnectFailure&) {
                  if (!link) return loop.stop();
                  workers.push_back(std::make_unique<EmptyWorker>(loop, std::move(link), me));
                });
  }
  loop.on_signals({SIGTERM, SIGINT}, [&](int) { loop.stop(); });
  loop.run();
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return std::fputs("see the top of empty_worker_bench.cpp\n", stderr), 2;
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return serve({words[1]}, words[2],
                 count > 3 ? static_cast<std::uint32_t>(std::atoi(words[3])) : 2,
                 count > 4 ? std::atoi(words[4]) : 1);
  } catch (const Error& error) {
    std::fprintf(stderr, "empty_worker_bench: %s\n", error.what());
    return 2;
  }
}
