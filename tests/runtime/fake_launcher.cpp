// For tests: a launcher of few words, and a worker process that calls it.
// SPDX-License-Identifier: MIT
#include "fake_launcher.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "launcher/io/file.hpp"
#include "launcher/model/codec.hpp"
#include "mpi-runtime/worker.hpp"

namespace pcluster {

WorkerProcess::WorkerProcess(std::uint32_t slots) {
  char name[] = "/tmp/pcluster-test-worker-XXXXXX";
  if (mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp");
  top = name;
  directory.root = top + "/default";
  make_private_directory(directory.root);
  make_directories(top + "/local");
  make_key(directory.key());
  guard = fork();
  if (guard != 0) return;
  int log = open((top + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(log, 2);
  setenv("PCLUSTER_JOB_ID", "12_3", 1);
  setenv("PCLUSTER_JOB_CORES", "2", 1);
  setenv("PCLUSTER_JOB_MEM_MB", "512", 1);
  setenv("PCLUSTER_JOB_STARTED", "1763712000.250000", 1);
  WorkerOptions options;
  options.directory = directory.root;
  options.cluster = "default";
  options.token = "tok";
  options.slots = slots;
  options.local_directory = top + "/local";
  options.scrub = {"SLURM_*"};
  _exit(run_worker(options));
}

WorkerProcess::~WorkerProcess() {
  if (guard != 0) {
    kill(guard, SIGTERM);
    wait();
  }
  remove_tree(top);
}

int WorkerProcess::wait() {
  int status = 0;
  waitpid(guard, &status, 0);
  guard = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string WorkerProcess::log() const { return read_file(top + "/log"); }

FakeLauncher::FakeLauncher(const StateDirectory& directory) : directory_(directory) {
  listener_ =
      listen_tls(loop, read_key(directory.key()), "default", {}, [this](LinkPtr link, Role) {
        link_ = std::move(link);
        link_->set_frame_limit(max_frame);
        link_->on_frame = [this](std::string_view payload) {
          auto message = decode<FromWorker>(payload);
          if (!message) throw std::runtime_error("not a message of workers");
          received(*message);
        };
        link_->on_closed = [](const std::string&) {};
      });
  LauncherInfo info = this_process();
  info.addresses = {"127.0.0.1"};
  info.port = listener_->port();
  info.version = "test";
  info.epoch = 1;
  write_launcher_info(directory, info);
}

void FakeLauncher::received(const FromWorker& message) {
  if (auto* hello = std::get_if<Hello>(&message)) hellos.push_back(*hello);
  if (auto* bye = std::get_if<Bye>(&message)) byes.push_back(bye->reason);
  if (auto* report = std::get_if<Report>(&message)) {
    results.insert(results.end(), report->results.begin(), report->results.end());
    if (acknowledge && !report->results.empty()) send(Ack{report->sequence});
  }
}

void FakeLauncher::send(const ToWorker& message) { link_->send(encode(message)); }

void FakeLauncher::drop_link() {
  link_->close();
  loop.post([link = std::move(link_)] {});
}

void FakeLauncher::until(const std::function<bool()>& done) {
  Time give_up = loop.now() + 10 * second;
  do {
    if (loop.now() > give_up) throw std::runtime_error("it did not come about");
    loop.at(loop.now() + millisecond, [this] { loop.stop(); });
    loop.run();
  } while (!done());
}

void FakeLauncher::welcome() {
  std::size_t before = hellos.size();
  until([&] { return hellos.size() > before || (before == 0 && !hellos.empty()); });
  Welcome welcome;
  welcome.worker = WorkerId{3};
  welcome.epoch = 1;
  send(welcome);
}

void FakeLauncher::assign(std::uint32_t workload, const TaskTemplate& task,
                          std::vector<std::string> trials) {
  send(Define{WorkloadId{workload}, task});
  Assignment item;
  item.workload = WorkloadId{workload};
  item.count = static_cast<std::uint32_t>(trials.size());
  item.trials = std::move(trials);
  send(Assign{1, {item}});
}

const TaskResult* FakeLauncher::result(std::uint32_t index) const {
  for (const auto& one : results)
    if (one.attempt.task.index == index) return &one;
  return nullptr;
}

}  // namespace pcluster
