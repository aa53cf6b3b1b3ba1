// Many workers join one real launcher at once: how long until `status` counts them home, what the
// launcher answers meanwhile, its memory per link, its CPU at rest, and its CPU per task.
//   join_bench STATE_DIRECTORY TOKEN links=N [slots=N] [strangers=N] [silent=N] [idle=SECONDS]
//              [tasks=N] [rounds=N]
// Prints one JSON object.  The launcher must run, and know the token of a submit.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "join_links.hpp"
#include "launcher/base/error.hpp"
#include "launcher/io/state.hpp"

namespace {

using namespace pcluster;
using Seconds = double;

Seconds now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

void pause(Seconds time) { std::this_thread::sleep_for(std::chrono::duration<double>(time)); }

// CPU of all threads of a process, by the scheduler's account.
Seconds cpu_of(std::uint64_t pid) {
  double sum = 0;
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid))) {
    double nanoseconds = 0;
    std::ifstream(task.path() / "schedstat") >> nanoseconds;
    sum += nanoseconds / 1e9;
  }
  return sum;
}

double resident_kb(std::uint64_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string word; status >> word;)
    if (double kb = 0; word == "VmRSS:" && status >> kb) return kb;
  return 0;
}

class Client {
 public:
  explicit Client(const StateDirectory& state)
      : socket_(ClientSocket::connect_unix(state.socket())) {}
  void ask(const Request& request) { socket_.send(encode(request)); }
  Reply next() {
    std::string payload;
    if (socket_.receive(payload, 120 * second) != ClientSocket::Got::frame)
      throw Error(Exit::refused, "no answer of the launcher within 120 s");
    auto reply = decode<Reply>(payload);
    if (!reply) throw Error(Exit::refused, "the launcher says what nobody knows");
    if (const auto* refusal = std::get_if<Refusal>(&*reply))
      throw Error(Exit::refused, refusal->message);
    return std::move(*reply);
  }
  // Of the bench's workers, those at home.
  std::uint32_t home() {
    ask(GetStatus{});
    const auto status = std::get<Status>(next());
    return static_cast<std::uint32_t>(std::ranges::count_if(status.workers, [](const auto& row) {
      return row.host.starts_with("bench-node-") && (row.state == "idle" || row.state == "busy");
    }));
  }
  void run(std::uint32_t tasks) {
    AddWorkload add;
    add.spec.verb = "map";
    add.spec.task.argv = {"true"};
    add.spec.trials = TrialRange{0, std::int64_t{tasks} - 1, 1};
    ask(add);
    for (;;)
      if (const auto reply = next(); const auto* progress = std::get_if<Progress>(&reply))
        if (progress->finished) return;
  }

 private:
  ClientSocket socket_;
};

struct Joined {
  Seconds home = 0, slowest_answer = 0, launcher_cpu = 0;
  int answers = 0;
};

class Measurement {
 public:
  Measurement(const StateDirectory& state, const LauncherInfo& info, Loop& loop,
              bench::Links& links, std::uint32_t count)
      : client_(state), pid_(info.pid), loop_(loop), links_(links), links_wanted_(count) {}

  // Asked each 50 ms only: the answers are work for the launcher, too.
  Joined join() {
    const auto cpu = cpu_of(pid_), begin = now();
    loop_.post([this] { links_.connect_all(); });
    Joined joined;
    for (std::uint32_t home = 0; home < links_wanted_;) {
      pause(0.05);
      const auto asked = now();
      home = client_.home();
      joined.slowest_answer = std::max(joined.slowest_answer, now() - asked);
      ++joined.answers;
      if (now() - begin > 120)
        throw Error(Exit::refused, fmt::format("{} of {} are home after 120 s: {}", home,
                                               links_wanted_, count().first_error));
    }
    joined.home = now() - begin;
    joined.launcher_cpu = cpu_of(pid_) - cpu;
    return joined;
  }

  bench::LinksCount count() {
    bench::LinksCount copy;
    in_loop([&] { copy = links_.count(); });
    return copy;
  }

  double kb() const { return resident_kb(pid_); }

  Seconds cpu_a_minute(Seconds time) const {
    const auto cpu = cpu_of(pid_);
    pause(time);
    return (cpu_of(pid_) - cpu) * 60 / time;
  }

  // Seconds of its CPU.
  Seconds run(std::uint32_t tasks) {
    const auto cpu = cpu_of(pid_);
    client_.run(tasks);
    return cpu_of(pid_) - cpu;
  }

  void leave() {
    in_loop([&] { links_.leave_all(); });
    for (int i = 0; i < 200 && client_.home() > 0; ++i) pause(0.05);
    loop_.post([this] { loop_.stop(); });
  }

 private:
  template <class Work>
  void in_loop(Work work) {
    std::atomic<bool> done = false;
    loop_.post([&] {
      work();
      done = true;
      done.notify_one();
    });
    done.wait(false);
  }

  Client client_;
  std::uint64_t pid_;
  Loop& loop_;
  bench::Links& links_;
  std::uint32_t links_wanted_;
};

void more_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

using Options = std::map<std::string, std::uint32_t>;
std::uint32_t option(const Options& options, const char* name, std::uint32_t value) {
  const auto found = options.find(name);
  return found == options.end() ? value : found->second;
}

std::string take(Measurement& measurement, const Options& options, std::uint32_t links) {
  const auto before = measurement.kb();
  const auto joined = measurement.join();
  pause(1);
  auto text = fmt::format(
      R"({{"links": {}, "home_s": {:.4f}, "status_ms": {:.2f}, "answers": {}, "cpu_s": {:.4f}, )"
      R"("kb_per_link": {:.2f})",
      links, joined.home, joined.slowest_answer * 1e3, joined.answers, joined.launcher_cpu,
      (measurement.kb() - before) / links);
  if (const auto idle = option(options, "idle", 0); idle > 0)
    text += fmt::format(R"(, "idle_cpu_s_per_minute": {:.4f})", measurement.cpu_a_minute(idle));
  if (const auto tasks = option(options, "tasks", 0); tasks > 0) {
    std::string all;
    for (auto rounds = option(options, "rounds", 1); rounds > 0; --rounds)
      all += fmt::format("{}{:.3f}", all.empty() ? "" : ", ", measurement.run(tasks) / tasks * 1e6);
    text += fmt::format(R"(, "cpu_us_per_task": [{}], "kb_per_link_after": {:.2f})", all,
                        (measurement.kb() - before) / links);
  }
  const auto count = measurement.count();
  return text + fmt::format(R"(, "refused": {}, "cut": {}, "again": {}}})", count.refused,
                            count.cut, count.again);
}

int measure(const StateDirectory& state, const std::string& token, const Options& options) {
  const auto info = read_launcher_info(state);
  if (!info) throw Error(Exit::refused, "no launcher runs in " + state.root);
  bench::LinksPlan plan;
  plan.cluster = std::filesystem::path(state.root).filename();
  plan.token = token;
  plan.address = "127.0.0.1";
  plan.port = info->port;
  plan.links = option(options, "links", 100);
  plan.slots = option(options, "slots", 1);
  plan.strangers = std::min(option(options, "strangers", 0), plan.links);
  plan.silent = option(options, "silent", 0);
  Loop loop;
  bench::Links links(loop, plan, read_key(state.key()));
  Measurement measurement(state, *info, loop, links, plan.links);
  std::thread thread([&] { loop.run(); });
  std::string trouble;
  try {
    std::printf("%s\n", take(measurement, options, plan.links).c_str());
  } catch (const Error& error) { trouble = error.what(); }
  measurement.leave();
  thread.join();
  if (!trouble.empty()) throw Error(Exit::refused, trouble);
  return 0;
}

}  // namespace

int main(int count, char** given) {
  if (count < 3) {
    std::fprintf(stderr, "usage: join_bench STATE_DIRECTORY TOKEN links=N ...\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  more_descriptors();
  Options options;
  for (int i = 3; i < count; ++i) {
    const std::string word = given[i];
    const auto middle = word.find('=');
    if (middle == word.npos) return 2;
    options[word.substr(0, middle)] =
        static_cast<std::uint32_t>(std::strtoul(word.c_str() + middle + 1, nullptr, 10));
  }
  try {
    return measure(StateDirectory{given[1]}, given[2], options);
  } catch (const Error& error) {
    std::fprintf(stderr, "join_bench: %s\n", error.what());
    return 1;
  }
}
