// The fake launcher, a place for it, and a call of the program's entry.
// SPDX-License-Identifier: MIT
#include "tests/cli/fake_launcher.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <future>

#include "launcher/cli/cli.hpp"
#include "launcher/io/file.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {

FakeLauncher::FakeLauncher(const std::string& socket, Answer answer) : answer_(std::move(answer)) {
  std::promise<void> listening;
  thread_ = std::thread([this, socket, &listening] {
    loop_ = std::make_unique<Loop>();
    listener_ = listen_unix(*loop_, socket, [this](LinkPtr link) {
      links_.push_back(link);
      link->set_frame_limit(max_frame);
      link->on_frame = [this, link](std::string_view payload) { frame(link, payload); };
    });
    listening.set_value();
    loop_->run();
    for (const auto& link : links_) link->on_frame = nullptr;  // it holds the link
    links_.clear();
    listener_.reset();
  });
  listening.get_future().wait();
}

FakeLauncher::~FakeLauncher() {
  loop_->post([this] { loop_->stop(); });
  thread_.join();
}

void FakeLauncher::frame(const LinkPtr& link, std::string_view payload) {
  const auto request = decode<Request>(payload);
  if (!request) return link->close();
  if (std::holds_alternative<Ping>(*request)) return link->send(encode(Reply{Pong{}}));
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(*request);
  }
  for (const auto& reply : answer_(*request)) link->send(encode(reply));
  if (std::holds_alternative<StopCluster>(*request)) link->close();
}

std::vector<Request> FakeLauncher::asked() {
  const std::lock_guard lock(mutex_);
  return asked_;
}

Place::Place() {
  char name[] = "/tmp/pcluster-cli.XXXXXX";
  root_ = mkdtemp(name);
  make_directories(state().inputs());
  make_directories(root_ + "/share/site-configs");
  make_directories(root_ + "/share/templates");
  write_file(root_ + "/share/site-configs/here.yaml", "site: here\nscheduler: local\n");
  write_file(root_ + "/share/templates/local.sh", read_file(PCLUSTER_SOURCE "/templates/local.sh"));
  setenv("HOME", root_.c_str(), 1);
  setenv("PCLUSTER_DIR", (root_ + "/state").c_str(), 1);
  setenv("PCLUSTER_SHARE", (root_ + "/share").c_str(), 1);
  setenv("PCLUSTER_SITE", "here", 1);
  unsetenv("PCLUSTER_CLUSTER");
}

Place::~Place() { remove_tree(root_); }

namespace {

class Redirected {  // a stream into a file, while it lives
 public:
  Redirected(int fd, const std::string& path, int flags) : fd_(fd), saved_(dup(fd)) {
    const int file = open(path.c_str(), flags | O_CLOEXEC, 0600);
    dup2(file, fd);
    close(file);
  }
  ~Redirected() {
    dup2(saved_, fd_);
    close(saved_);
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;

 private:
  int fd_, saved_;
};

}  // namespace

WorkerRow home(std::uint32_t id, const std::string& job) {
  WorkerRow row;
  row.worker = WorkerId{id};
  row.host = "node" + std::to_string(id % 2), row.job_id = job, row.pool = "default";
  row.state = "idle", row.slots = 1;
  return row;
}

JobRow job(std::string id, JobState state, std::string reason, std::string log) {
  return {"tok", std::move(id), "default", state, std::move(reason), "", 0, std::move(log)};
}

Ran run_words(std::vector<std::string> words) {
  char name[] = "/tmp/pcluster-ran.XXXXXX";
  const std::string directory = mkdtemp(name);
  words.insert(words.begin(), "pcluster");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  Ran ran;
  {
    constexpr int fresh = O_WRONLY | O_CREAT | O_TRUNC;
    const Redirected in(0, "/dev/null", O_RDONLY), out(1, directory + "/out", fresh),
        err(2, directory + "/err", fresh);
    ran.code = run_cli(static_cast<int>(argv.size()), argv.data());
  }
  ran.out = read_file(directory + "/out");
  ran.err = read_file(directory + "/err");
  remove_tree(directory);
  return ran;
}

}  // namespace pcluster
