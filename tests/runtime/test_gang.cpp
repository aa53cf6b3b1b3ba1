// A gang on one host: this process is its head and another worker's part at once, mpiexec is real,
// and so is the program that it calls in the place of ssh.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>

#include <cstdlib>
#include <set>

#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "mpi-runtime/mpi_agent.hpp"
#include "mpi-runtime/parts.hpp"
#include "rig.hpp"

using namespace pcluster;

namespace {

struct Gang {
  explicit Gang(const WorkerSize& size = {}) : size_(size) {
    directory.root = top + "/default";
    make_private_directory(directory.root);
    make_key(directory.key());
    make_directories(local);
    port = parts.listen(directory, "default");
    tasks.welcome(WorkerId{3}, top + "/spool");
    task.ranks = 2;
    task.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", top}};
  }
  ~Gang() {
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
              [this](TaskResult result) { results.push_back(std::move(result)); }};
  Parts parts{loop, tasks, [this](const std::string& text) { said += text + "\n"; },
              [this](const AttemptId&) { ++vacated; }};
  std::uint16_t port = 0;
};

bool has_mpiexec() {
  if (find_program("mpiexec", "/usr/bin:/bin")) return true;
  const char* ci = getenv("CI");
  REQUIRE_MESSAGE((ci == nullptr || std::string(ci) != "true"), "no mpiexec to test with");
  MESSAGE("no mpiexec here: not tested");
  return false;
}

}  // namespace

TEST_CASE("what ssh would make of its arguments") {
  const auto of = [](const std::vector<std::string>& words) {
    const auto start = remote_start(words);
    return start ? start->host + "|" + start->command : "none";
  };
  CHECK(of({"w3", " orted", "-mca", "x \"1\""}) == "w3| orted -mca x \"1\"");
  CHECK(of({"-x", "w3", "\"/usr/bin/proxy\"", "--id", "1"}) == "w3|\"/usr/bin/proxy\" --id 1");
  CHECK(of({"-q", "-o", "BatchMode=yes", "-l", "me", "w3", "true"}) == "w3|true");
  CHECK(of({"w3"}) == "none");
  CHECK(of({}) == "none");
  CHECK(called_as_mpi_agent("/tmp/x/mpi-agent"));
  CHECK_FALSE(called_as_mpi_agent("/usr/bin/pcluster"));
}

TEST_CASE("ranks on two workers: output, exit code, and an environment of their own worker") {
  if (!has_mpiexec()) return;
  Gang gang;
  REQUIRE(gang.port != 0);
  const auto result = gang.run(
      "echo rank $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE "
      "$OMPI_COMM_WORLD_LOCAL_SIZE $PCLUSTER_TASK $OMPI_MCA_btl_vader_backing_directory; "
      "echo err $OMPI_COMM_WORLD_RANK >&2");
  const auto text = gang.output();
  CHECK(result.message == "");
  CHECK(result.state == TaskState::done);
  CHECK(text.find("rank 0 of 2 1 7.0\n") != std::string::npos);
  CHECK(text.find("rank 1 of 2 1 7.0 " + memory_directory_of(gang.local) + "\n") !=
        std::string::npos);
  CHECK(text.find("err 0\n") != std::string::npos);
  CHECK(text.find("err 1\n") != std::string::npos);
  CHECK_FALSE(exists(memory_directory_of(gang.local)));
}

TEST_CASE("a rank elsewhere that fails: its code, and it is no loss") {
  if (!has_mpiexec()) return;
  Gang gang;
  const auto result = gang.run("exit $((OMPI_COMM_WORLD_RANK * 3))");
  CHECK(result.state == TaskState::failed);
  CHECK(result.exit_code == 3);
  CHECK(result.unreachable.empty());
}

TEST_CASE("a worker that cannot be reached ends mpiexec, and the task is lost with it") {
  if (!has_mpiexec()) return;
  Gang gang;
  auto start = gang.start_of("sleep 60");
  SUBCASE("nobody listens") {
    start.gang[1].port = 1;
    start.gang[1].worker = WorkerId{9};
  }
  SUBCASE("another worker listens there now") { start.gang[1].worker = WorkerId{9}; }
  const auto begin = gang.loop.now();
  gang.tasks.start(start);
  gang.until([&] { return !gang.results.empty(); });
  const auto& result = gang.results.front();
  CHECK(result.state == TaskState::lost);
  CHECK(result.unreachable == std::vector<WorkerId>{WorkerId{9}});
  CHECK(result.message.find("worker w9 (node2) was lost: ") == 0);
  CHECK(gang.loop.now() - begin < 5 * second);
}

TEST_CASE("a part that is vacated while it runs: nothing of it is left, and the head says lost") {
  if (!has_mpiexec()) return;
  Gang gang;
  const auto number = unique_number();
  const auto start = gang.start_of("sleep " + number);
  gang.parts.seat(start);
  gang.tasks.start(start);
  gang.until([&] { return sleepers(number).size() == 2; });
  SUBCASE("vacated") {
    gang.parts.vacate(start.attempt);
    gang.until([&] { return gang.vacated == 1; });
    gang.until([&] { return !gang.results.empty(); });
    CHECK(gang.results.front().state == TaskState::failed);
  }
  SUBCASE("its worker leaves") {
    gang.parts.leave("the job was told to end");
    gang.until([&] { return !gang.results.empty(); });
    CHECK(gang.results.front().state == TaskState::lost);
    CHECK(gang.results.front().message ==
          "worker w3 (node2) was lost: it leaves: the job was told to end");
  }
  SUBCASE("cancelled") {
    const auto begin = gang.loop.now();
    gang.tasks.signal(start.attempt, SIGTERM);
    gang.until([&] { return sleepers(number).empty(); });
    CHECK(gang.loop.now() - begin < 4 * second);
    gang.until([&] { return !gang.results.empty(); });
    CHECK(gang.results.front().unreachable.empty());
  }
  CHECK(gone_within(number, second));
}

TEST_CASE("two MPI tasks at once have a core each, unless nothing is to bind them") {
  if (!has_mpiexec()) return;
  cpu_set_t mask;
  REQUIRE(sched_getaffinity(0, sizeof mask, &mask) == 0);
  WorkerSize size;
  for (int core = 0; core < CPU_SETSIZE && size.cores.size() < 2; ++core)
    if (CPU_ISSET(core, &mask)) size.cores.push_back(core);
  if (size.cores.size() < 2) return;
  Gang gang(size);
  gang.task.ranks = 1;
  std::multiset<std::string> cores{std::to_string(size.cores[0]), std::to_string(size.cores[1])};
  SUBCASE("bound") {}
  SUBCASE("not bound") {
    gang.task.bind = false;
    std::string all;
    for (const auto& line : lines(read_file("/proc/self/status")))
      if (line.starts_with("Cpus_allowed_list:\t")) all = line.substr(line.find('\t') + 1);
    cores = {all, all};
  }
  for (std::uint32_t index : {0u, 1u}) {
    auto start = gang.start_of("grep Cpus_allowed_list /proc/self/status | cut -f2; sleep 0.3");
    start.attempt.task.index = index;
    start.gang.clear();
    gang.tasks.start(start);
  }
  gang.until([&] { return gang.results.size() == 2; });
  gang.tasks.output().flush();
  const auto told = lines(gang.output());
  CHECK(std::multiset<std::string>(told.begin(), told.end()) == cores);
}

TEST_CASE("a call before the seat is there waits for it") {
  if (!has_mpiexec()) return;
  Gang gang;
  const auto start = gang.start_of("echo rank $OMPI_COMM_WORLD_RANK");
  gang.tasks.start(start);
  gang.turn(second / 2);
  CHECK(gang.results.empty());
  gang.parts.seat(start);
  gang.until([&] { return !gang.results.empty(); });
  CHECK(gang.results.front().state == TaskState::done);
}
