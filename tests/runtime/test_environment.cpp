// A task's environment: what it inherits, what it is told, what MPI tasks must not see.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include "mpi-runtime/environment.hpp"

using namespace pcluster;

namespace {

WorkerFacts worker() {
  WorkerFacts facts;
  facts.cluster = "default";
  facts.worker = "w3";
  facts.local_directory = "/tmp/w3";
  facts.environment = {"PATH=/bin",
                       "HOME=/home/ada",
                       "OMP_NUM_THREADS=64",
                       "SLURM_JOB_ID=12",
                       "PCLUSTER_JOB_CORES=8",
                       "PCLUSTER_JOB_ID=12",
                       "PCLUSTER_TASK=old",
                       "BROKEN"};
  facts.scrub = {"SLURM_*"};
  return facts;
}

std::string value(const char* const* entries, const std::string& name) {
  std::string found = "-";
  int times = 0;
  for (; *entries != nullptr; ++entries) {
    std::string entry = *entries;
    if (entry.substr(0, entry.find('=')) != name) continue;
    ++times;
    found = entry.substr(std::min(entry.size(), name.size() + 1));
  }
  CHECK_MESSAGE(times <= 1, name);
  return found;
}

TaskFacts facts(std::uint32_t index, std::string_view trial) {
  return {{{WorkloadId{7}, index}, 2, 5}, trial, "/tmp/w3/.result-1", {}};
}

}  // namespace

TEST_CASE("a task sees what the contract says, and a second task its own values") {
  TaskTemplate task;
  TaskEnvironment environment(worker(), task, WorkloadId{7}, {2, 4000, 0});
  for (std::uint32_t index : {123u, 4u}) {
    std::string trial = "trial " + std::to_string(index);
    auto* entries = environment.fill(facts(index, trial));
    CHECK(value(entries, "PCLUSTER_CLUSTER") == "default");
    CHECK(value(entries, "PCLUSTER_WORKLOAD") == "7");
    CHECK(value(entries, "PCLUSTER_TASK") == "7." + std::to_string(index));
    CHECK(value(entries, "PCLUSTER_TRIAL") == trial);
    CHECK(value(entries, "PCLUSTER_INDEX") == std::to_string(index));
    CHECK(value(entries, "PCLUSTER_ATTEMPT") == "2");
    CHECK(value(entries, "PCLUSTER_WORKER") == "w3");
    CHECK(value(entries, "PCLUSTER_CORES") == "2");
    CHECK(value(entries, "PCLUSTER_MEM_MB") == "4000");
    CHECK(value(entries, "PCLUSTER_LOCAL_DIR") == "/tmp/w3");
    CHECK(value(entries, "PCLUSTER_RESULT") == "/tmp/w3/.result-1");
    CHECK(value(entries, "PCLUSTER_JOB_ID") == "12");    // a serial task keeps the job's
    CHECK(value(entries, "PCLUSTER_JOB_CORES") == "-");  // but it has a size of its own
    CHECK(value(entries, "SLURM_JOB_ID") == "12");
    CHECK(value(entries, "HOME") == "/home/ada");
  }
  CHECK(environment.path() == "/bin");
}

TEST_CASE("columns are variables, but never instead of ours or of another column") {
  TaskTemplate task;
  task.columns = {"index", "first name", "Alpha", "ALPHA", "cluster", "trial"};
  task.environment = {{"PCLUSTER_ALPHA", "the user's"}};
  TaskEnvironment environment(worker(), task, WorkloadId{7}, {2, 4000, 0});
  auto* entries = environment.fill(facts(4, "17\tada\t1.5\t2\tmine\tx y"));
  CHECK(value(entries, "PCLUSTER_FIRST_NAME") == "ada");
  CHECK(value(entries, "PCLUSTER_ALPHA") == "1.5");
  CHECK(value(entries, "PCLUSTER_CLUSTER") == "default");
  CHECK(value(entries, "PCLUSTER_INDEX") == "17");  // tried before: its first index
  CHECK(value(entries, "PCLUSTER_TRIAL") == "x y");
  entries = environment.fill(facts(5, "18\tbob\t\t\t\t"));
  CHECK(value(entries, "PCLUSTER_FIRST_NAME") == "bob");
  CHECK(value(entries, "PCLUSTER_ALPHA").empty());
  CHECK(value(entries, "PCLUSTER_TRIAL").empty());
}

TEST_CASE("thread counts are the task's cores; --env wins, --threads keep leaves them") {
  TaskTemplate task;
  TaskEnvironment plain(worker(), task, WorkloadId{7}, {4, 1000, 0});
  auto* entries = plain.fill(facts(0, ""));
  for (auto* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                     "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS",
                     "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"})
    CHECK(value(entries, name) == "4");
  REQUIRE(plain.overridden().size() == 1);
  CHECK(plain.overridden()[0] == "OMP_NUM_THREADS=64 -> 4");

  task.environment = {{"OMP_NUM_THREADS", "2"}, {"PATH", "/opt/bin"}};
  TaskEnvironment said(worker(), task, WorkloadId{7}, {4, 1000, 0});
  CHECK(value(said.fill(facts(0, "")), "OMP_NUM_THREADS") == "2");
  CHECK(value(said.fill(facts(0, "")), "MKL_NUM_THREADS") == "4");
  CHECK(said.path() == "/opt/bin");

  task.environment.clear();
  task.keep_threads = true;
  TaskEnvironment kept(worker(), task, WorkloadId{7}, {4, 1000, 0});
  CHECK(value(kept.fill(facts(0, "")), "OMP_NUM_THREADS") == "64");
  CHECK(value(kept.fill(facts(0, "")), "MKL_NUM_THREADS") == "-");
  CHECK(kept.overridden().empty());
}

TEST_CASE("a clean environment holds ours and the workload's, nothing else") {
  TaskTemplate task;
  task.clean_environment = true;
  task.environment = {{"SEED", "1"}, {"PCLUSTER_TASK", "forged"}};
  TaskEnvironment environment(worker(), task, WorkloadId{7}, {1, 10, 0});
  auto* entries = environment.fill(facts(5, "x"));
  CHECK(value(entries, "SEED") == "1");
  CHECK(value(entries, "PCLUSTER_TASK") == "7.5");
  CHECK(value(entries, "HOME") == "-");
  CHECK(value(entries, "PATH") == "-");
  CHECK(environment.path().empty());
}

TEST_CASE("MPI tasks do not see the outer job or an outer launcher; people's settings stay") {
  auto facts_of_worker = worker();
  for (auto* entry : {"PMI_RANK=0", "PMIX_RANK=0", "HYDI_CONTROL_FD=5", "MPI_LOCALRANKID=1",
                      "OMPI_UNIVERSE_SIZE=4", "OMPI_MCA_btl=tcp,self"})
    facts_of_worker.environment.emplace_back(entry);
  TaskTemplate task;
  task.ranks = 4;
  Environment defaults{{"OMPI_MCA_pml", "ob1"}, {"OMPI_MCA_btl", "self,vader"}};
  TaskEnvironment mpi(facts_of_worker, task, WorkloadId{7}, {4, 1000, 0}, defaults);
  auto* entries = mpi.fill(facts(0, ""));
  for (auto* name : {"SLURM_JOB_ID", "PMI_RANK", "PMIX_RANK", "HYDI_CONTROL_FD", "MPI_LOCALRANKID",
                     "OMPI_UNIVERSE_SIZE"})
    CHECK(value(entries, name) == "-");
  CHECK(value(entries, "OMPI_MCA_btl") == "tcp,self");  // the user's wins over our default
  CHECK(value(entries, "OMPI_MCA_pml") == "ob1");
  CHECK(value(entries, "OMP_NUM_THREADS") == "1");  // per rank
  CHECK(value(entries, "PCLUSTER_CORES") == "4");   // in all

  facts_of_worker.environment.emplace_back("OMPI_COMM_WORLD_SIZE=2");
  task.environment = {{"OMPI_MCA_pml", "cm"}};
  TaskEnvironment nested(facts_of_worker, task, WorkloadId{7}, {4, 1000, 0}, defaults);
  entries = nested.fill(facts(0, ""));
  CHECK(value(entries, "OMPI_COMM_WORLD_SIZE") == "-");
  CHECK(value(entries, "OMPI_MCA_btl") == "self,vader");  // the outer launcher's is dropped
  CHECK(value(entries, "OMPI_MCA_pml") == "cm");
}

TEST_CASE("what a task asked for counts before what its slots mean") {
  TaskTemplate task;
  CHECK(shape_of(task, {3, 900, 0}).cores == 3);
  task.each = {2, 100, 0};
  auto serial = shape_of(task, {4, 900, 0});
  CHECK(serial.cores == 2);
  CHECK(serial.threads == 2);
  CHECK(serial.memory_mb == 100);
  task.ranks = 8;
  auto mpi = shape_of(task, {16, 5000, 0});
  CHECK(mpi.cores == 16);
  CHECK(mpi.threads == 2);
  CHECK(mpi.memory_mb == 800);
}

TEST_CASE("only a task that asked for gpus is told which") {
  auto with_gpus = worker();
  with_gpus.environment.emplace_back("CUDA_VISIBLE_DEVICES=0,1,2");
  TaskTemplate task;
  TaskEnvironment plain(with_gpus, task, WorkloadId{7}, {1, 10, 0});
  CHECK(value(plain.fill(facts(0, "")), "CUDA_VISIBLE_DEVICES") == "0,1,2");
  task.each.gpus = 1;
  TaskEnvironment wants(with_gpus, task, WorkloadId{7}, {1, 10, 1});
  auto one = facts(0, "");
  one.gpus = "2";
  CHECK(value(wants.fill(one), "CUDA_VISIBLE_DEVICES") == "2");
}

TEST_CASE("paths: the shell's entries, then those that the worker's job set up; --env is exact") {
  auto facts_of = worker();
  facts_of.environment = {"PATH=/opt/mpi/bin:/bin::/usr/bin", "LD_LIBRARY_PATH=/opt/mpi/lib",
                          "OTHER=a:b"};
  TaskTemplate task;
  task.sent = {{"PATH", "/home/ada/venv/bin:/usr/bin:/bin"}, {"OTHER", "c"}};
  TaskEnvironment both(facts_of, task, WorkloadId{7}, {1, 1, 0});
  auto* entries = both.fill(facts(0, ""));
  CHECK(value(entries, "PATH") == "/home/ada/venv/bin:/usr/bin:/bin:/opt/mpi/bin");
  CHECK(both.path() == value(entries, "PATH"));
  CHECK(value(entries, "LD_LIBRARY_PATH") == "/opt/mpi/lib");
  CHECK(value(entries, "OTHER") == "c");
  task.environment = {{"PATH", "/only"}};
  TaskEnvironment exact(facts_of, task, WorkloadId{7}, {1, 1, 0});
  CHECK(exact.path() == "/only");
  task.clean_environment = true;
  TaskEnvironment clean(facts_of, task, WorkloadId{7}, {1, 1, 0});
  CHECK(clean.path() == "/only");
}

TEST_CASE("a channel is the task's own, and at a program of ranks that of the first") {
  auto outer = worker();
  outer.environment.emplace_back("PCLUSTER_CHANNEL=7,8");  // we run in one ourselves
  TaskTemplate task;
  const auto seen = [&] {
    TaskEnvironment environment(outer, task, WorkloadId{7}, {2, 4000, 0});
    return value(environment.fill(facts(0, "")), "PCLUSTER_CHANNEL");
  };
  CHECK(seen() == "-");
  task.channel = true;
  CHECK(seen() == "3,4");
  task.ranks = 2;  // mpiexec's: rank-start sets it
  CHECK(seen() == "-");
}
