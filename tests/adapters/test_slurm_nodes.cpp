// What Slurm tells of nodes and accounts, and its directives for QOS and excluded nodes.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "adapters/adapter.hpp"

using namespace pcluster;

TEST_CASE("the largest node of each partition, its GPUs, and an architecture that all share") {
  std::vector<PartitionLimits> all(3);
  all[0].name = "cpu", all[1].name = "gpu", all[2].name = "mixed";
  slurm.nodes_seen({0, false,
                    " Arch=x86_64 CPUTot=64 Gres=(null) RealMemory=250000 Partitions=cpu,mixed\n"
                    " Arch=x86_64 CPUTot=32 Gres=gpu:a100:4(S:0-1),lscratch:800 RealMemory=500000 "
                    "Partitions=gpu\n"
                    " Arch=ppc64le CPUTot=160 Gres=gpu RealMemory=100000 Partitions=mixed,other\n",
                    ""},
                   all);
  CHECK(all[0].node_cores == 64);
  CHECK(all[0].node_memory_mb == 250000);
  CHECK(all[0].node_gpus == 0);
  CHECK(all[0].arch == "x86_64");
  CHECK(all[1].node_gpus == 4);
  CHECK(all[2].node_cores == 160);
  CHECK(all[2].node_memory_mb == 250000);
  CHECK(all[2].node_gpus == 1);
  CHECK(all[2].arch.empty());
}

TEST_CASE("partitions that are not for everybody, and a user's accounts, each once") {
  const auto all = slurm.limits_seen(
      {0, false,
       "PartitionName=all AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL Hidden=NO RootOnly=NO "
       "State=UP\nPartitionName=staff AllowGroups=staff State=UP\n"
       "PartitionName=lab AllowGroups=ALL AllowAccounts=lab7 State=UP\n",
       ""});
  REQUIRE(all->size() == 3);
  CHECK_FALSE(all->at(0).restricted);
  CHECK(all->at(1).restricted);
  CHECK(all->at(2).restricted);
  CHECK(slurm.accounts_seen({0, false, "lab7\nlab8\nlab7\n", ""}) ==
        std::vector<std::string>{"lab7", "lab8"});
  CHECK(slurm.accounts_seen({1, false, "lab7\n", "no"}).empty());
}

TEST_CASE("QOS and excluded nodes are directives that a user may drop") {
  JobSpec spec;
  spec.qos = "long run", spec.exclude_nodes = {"n1", "n2"};
  const auto has = [&](const char* line) {
    const auto all = slurm.directives(spec, {});
    return std::ranges::find(all, line) != all.end();
  };
  CHECK(has("--qos=\"long run\""));
  CHECK(has("--exclude=n1,n2"));
  spec.drop_directives = {"qos", "exclude"};
  CHECK_FALSE(has("--qos=\"long run\""));
  CHECK_FALSE(has("--exclude=n1,n2"));
}
