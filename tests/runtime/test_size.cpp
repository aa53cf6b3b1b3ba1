// How large a worker is, from captured files of control groups, versions 1 and 2.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <map>

#include "mpi-runtime/size.hpp"

using namespace pcluster;

namespace {

using Files = std::map<std::string, std::string>;

GroupLimits limits(const Files& files) {
  return group_limits([&files](const std::string& path) -> std::optional<std::string> {
    auto at = files.find(path);
    return at == files.end() ? std::nullopt : std::optional(at->second);
  });
}

SizeFacts node() {
  SizeFacts facts;
  for (int cpu = 0; cpu < 64; ++cpu) facts.mask.push_back(cpu);
  facts.host_cpus = 64;
  facts.host_memory_mb = 256000;
  return facts;
}

// A Slurm job's, version 1: limits at the job, none at the step.
const Files version_1{
    {"/proc/self/cgroup",
     "12:memory:/slurm/uid_1000/job_42/step_batch/task_0\n"
     "4:cpu,cpuacct:/slurm/uid_1000/job_42/step_batch\n"
     "1:name=systemd:/system.slice/slurmd.service\n"},
    {"/proc/self/mountinfo",
     "30 25 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n"
     "36 30 0:32 / /sys/fs/cgroup/memory rw,nosuid shared:17 - cgroup cgroup rw,memory\n"
     "37 30 0:33 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:18 - cgroup cgroup "
     "rw,cpu,cpuacct\n"},
    {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
    {"/sys/fs/cgroup/memory/slurm/uid_1000/memory.limit_in_bytes", "9223372036854771712\n"},
    {"/sys/fs/cgroup/memory/slurm/uid_1000/job_42/memory.limit_in_bytes", "17179869184\n"},
    {"/sys/fs/cgroup/memory/slurm/uid_1000/job_42/step_batch/task_0/memory.limit_in_bytes",
     "9223372036854771712\n"},
    {"/sys/fs/cgroup/cpu,cpuacct/slurm/uid_1000/job_42/step_batch/cpu.cfs_quota_us", "-1\n"},
    {"/sys/fs/cgroup/cpu,cpuacct/slurm/uid_1000/job_42/step_batch/cpu.cfs_period_us", "100000\n"},
};

const Files version_2{
    {"/proc/self/cgroup", "0::/system.slice/slurmstepd.scope/job_7/step_batch/user/task_0\n"},
    {"/proc/self/mountinfo",
     "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"},
    {"/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/memory.max", "8589934592\n"},
    {"/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/step_batch/memory.max", "max\n"},
    {"/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/cpu.max", "350000 100000\n"},
    {"/sys/fs/cgroup/system.slice/cpu.max", "max 100000\n"},
};

}  // namespace

TEST_CASE("limits of the groups above count, whichever version") {
  auto one = limits(version_1);
  CHECK(one.memory_mb == 16384);
  CHECK_FALSE(one.cpus);
  auto two = limits(version_2);
  CHECK(two.memory_mb == 8192);
  REQUIRE(two.cpus);
  CHECK(*two.cpus == doctest::Approx(3.5));
  auto none = limits({});
  CHECK_FALSE(none.memory_mb);
  CHECK_FALSE(none.cpus);
}

TEST_CASE("the parts") {
  CHECK_FALSE(parse_cpu_max("max 100000\n"));
  CHECK(*parse_cpu_max("50000 100000\n") == doctest::Approx(0.5));
  CHECK_FALSE(parse_cpu_max("nonsense"));
  CHECK_FALSE(parse_cpu_quota("-1", "100000"));
  CHECK_FALSE(parse_memory_limit("max"));
  CHECK_FALSE(parse_memory_limit("9223372036854771712"));
  CHECK(parse_memory_limit("1048576") == 1);
  CHECK(parse_mem_total("MemTotal:       24505088 kB\nMemFree: 1 kB\n") == 23930);
  CHECK(parse_mem_total("") == 0);
}

TEST_CASE("the least of mask, control group and the job's word") {
  auto facts = node();
  CHECK(size_from(facts).resources == Resources{64, 256000, 0});
  facts.job_cores = "8";
  facts.job_memory_mb = "16000";
  CHECK(size_from(facts).resources == Resources{8, 16000, 0});
  facts.group_memory_mb = 8192;
  facts.group_cpus = 3.5;
  CHECK(size_from(facts).resources == Resources{4, 8192, 0});
  facts.mask = {5};
  CHECK(size_from(facts).resources.cores == 1);
  facts.group_cpus = 0.2;
  CHECK(size_from(facts).resources.cores == 1);
  facts.job_cores = "junk";
  facts.job_memory_mb = "0";
  CHECK(size_from(facts).resources == Resources{1, 8192, 0});
}

TEST_CASE("confined: the mask is the job's share, and smaller than the host") {
  auto facts = node();
  facts.job_cores = "64";
  CHECK_FALSE(size_from(facts).confined);  // the whole host
  facts.mask = {4, 5, 6, 7};
  facts.job_cores.clear();
  CHECK_FALSE(size_from(facts).confined);  // nobody says that it is ours alone
  facts.job_cores = "2";
  CHECK_FALSE(size_from(facts).confined);  // wider than our share: others run there, too
  facts.job_cores = "4";
  auto size = size_from(facts);
  CHECK(size.confined);
  CHECK(size.cores == std::vector<int>{4, 5, 6, 7});
}

TEST_CASE("gpus: the job's number, the visible devices, the less of both") {
  auto facts = node();
  facts.job_gpus = "2";
  CHECK(size_from(facts).gpus == std::vector<std::string>{"0", "1"});
  facts.visible_gpus = "3";
  CHECK(size_from(facts).gpus == std::vector<std::string>{"3"});
  facts.job_gpus.clear();
  facts.visible_gpus = "GPU-1f,GPU-2a";
  CHECK(size_from(facts).resources.gpus == 2);
  facts.visible_gpus = "NoDevFiles";
  CHECK(size_from(facts).resources.gpus == 0);
  facts.visible_gpus = "";
  CHECK(size_from(facts).resources.gpus == 0);
}

TEST_CASE("this machine: something sensible") {
  auto size = measure_size();
  CHECK(size.resources.cores >= 1);
  CHECK(size.resources.memory_mb > 64);
  std::vector<int> cpus{0};
  CHECK(by_locality(cpus) == cpus);
  CHECK(by_locality({}).empty());
  CHECK(by_locality({-1}) == std::vector<int>{-1});  // hwloc does not know it: as given
}
