// Estimates, reservations, QOS and associations of Slurm's, as 22.05 prints them.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "adapters/adapter.hpp"

using namespace pcluster;

namespace {

CommandResult out(std::string text) { return {0, false, std::move(text), ""}; }

// scontrol show config, of a testbed with accounting; most lines left out.
const auto config =
    out("Configuration data as of 2026-11-21T21:20:29\n"
        "AccountingStorageEnforce = associations,limits,qos\n"
        "AccountingStorageType   = accounting_storage/slurmdbd\n"
        "ClusterName             = testbed\n"
        "MaxArraySize            = 50\n");
const auto without =
    out("AccountingStorageEnforce = none\n"
        "AccountingStorageType   = accounting_storage/none\n"
        "ClusterName             = testbed\n"
        "MaxArraySize            = 1001\n");
// sacctmgr -nP show qos format=Name,Flags,MaxSubmitJobsPerUser,MaxJobsPerUser,MaxTRES,MaxWall
const auto qos =
    out("normal|||||\n"
        "small||7|3|cpu=4,mem=8G|2-00:00:00\n"
        "part|DenyOnLimit|||mem=4G|\n"
        "over|OverPartQOS|9|||\n");
// sacctmgr -nP show assoc user=root cluster=testbed
//   format=Account,Partition,DefaultQOS,MaxJobs,MaxSubmitJobs,MaxTRES,MaxWall
const auto associations = out("root||small|2|9||\nlab||normal||||\n");

const std::string partitions =
    "PartitionName=8GBS AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL AllocNodes=ALL Default=YES "
    "QoS=N/A DefaultTime=01:00:00 MaxNodes=UNLIMITED MaxTime=1-00:00:00 MinNodes=0 "
    "MaxCPUsPerNode=UNLIMITED Nodes=node[1-3] State=UP TotalCPUs=24 TotalNodes=3 "
    "DefMemPerCPU=8000 MaxMemPerNode=UNLIMITED\n"
    "PartitionName=own AllocNodes=ALL Default=NO QoS=part MaxTime=7-00:00:00 "
    "MaxCPUsPerNode=UNLIMITED Nodes=node1 State=UP TotalNodes=1 MaxMemPerNode=UNLIMITED\n";

std::vector<PartitionLimits> limits_with(const Submitter& who,
                                         const std::vector<CommandResult>& said) {
  auto all = *slurm.limits_seen(out(partitions));
  slurm.add_limits(who, said, all);
  return all;
}

}  // namespace

TEST_CASE("one question leads to the next, where accounting counts") {
  const Submitter ann{"ann", "", ""};
  std::vector<CommandResult> said;
  CHECK(slurm.next_limits(ann, said) == Argv{"scontrol", "show", "config"});
  said.push_back(config);
  auto next = slurm.next_limits(ann, said);
  REQUIRE(next.size() == 5);
  CHECK(next[3] == "qos");
  said.push_back(qos);
  next = slurm.next_limits(ann, said);
  REQUIRE(next.size() == 7);
  CHECK(next[4] == "user=ann");
  CHECK(next[5] == "cluster=testbed");
  said.push_back(associations);
  CHECK(slurm.next_limits(ann, said).empty());

  CHECK(slurm.next_limits(ann, std::vector{without}).empty());
  CHECK(slurm.next_limits(ann, std::vector{CommandResult{1, false, "", "no"}}).empty());
  CHECK(slurm.next_limits(ann, std::vector{config, CommandResult{1, false, "", "no"}}).empty());
  CHECK((pbs.next_limits == nullptr));
}

TEST_CASE("the largest array, without accounting") {
  const auto all = limits_with({"ann", "", ""}, {without});
  CHECK(all[0].max_array == 1001);
  CHECK(all[0].max_jobs == 0);
  CHECK(all[0].node_list == "node[1-3]");
  CHECK(all[0].qos.empty());
  CHECK(all[1].qos == "part");
  CHECK(limits_with({}, {CommandResult{1, false, "", "no"}})[0].max_array == 0);
}

TEST_CASE("QOS and association: who says a limit first") {
  const auto all = limits_with({"root", "", ""}, {config, qos, associations});
  CHECK(all[0].max_array == 50);
  CHECK(all[0].max_jobs == 7);     // the QOS's, not the association's 9
  CHECK(all[0].max_running == 3);  // nor its 2
  CHECK(all[0].max_cores == 4);
  CHECK(all[0].max_memory_mb == 8192);
  CHECK(all[0].max_time == 24 * 3600 * second);  // the partition's own is less
  // The partition's QOS comes first, and the job's where that says nothing.
  CHECK(all[1].max_memory_mb == 4096);
  CHECK(all[1].max_jobs == 7);
  CHECK(all[1].max_time == 48 * 3600 * second);

  // Another account has another default.
  const auto lab = limits_with({"root", "lab", ""}, {config, qos, associations});
  CHECK(lab[0].max_jobs == 0);
  CHECK(lab[1].max_memory_mb == 4096);
  // A QOS that is asked for; one that goes before the partition's.
  CHECK(limits_with({"root", "lab", "over"}, {config, qos, associations})[1].max_jobs == 9);
  // Neither known: the QOS of the partition still counts.
  const auto nobody = limits_with({"root", "", ""}, {config, qos});
  CHECK(nobody[0].max_jobs == 0);
  CHECK(nobody[1].max_memory_mb == 4096);
}

TEST_CASE("an estimate submits nothing, and is read behind whatever else is said") {
  JobSpec spec;
  spec.partition = "8GBS";
  const auto argv = slurm.estimate(spec);
  CHECK(argv.front() == "env");
  const Argv end(argv.end() - 3, argv.end());
  CHECK(end == Argv{"SLURM_TIME_FORMAT=%s", "sbatch", "--test-only"});
  CHECK(std::ranges::find(argv, "SBATCH_PARTITION") != argv.end());

  const auto seen = slurm.estimated(
      {0, false, "",
       "sbatch: a banner\n"
       "sbatch: Job 3 to start at 1795310268 using 4 processors on nodes node[1-2] in partition "
       "16GBXL\n"});
  REQUIRE(seen);
  CHECK(seen->start_unix == 1795310268 * second);
  CHECK(seen->partition == "16GBXL");
  CHECK(seen->nodes == "node[1-2]");
  CHECK_FALSE(slurm.estimated(
      {1, false, "",
       "allocation failure: Required partition not available (inactive or drain)\n"}));
  CHECK_FALSE(slurm.estimated({0, false, "Submitted batch job 3\n", ""}));
}

TEST_CASE("reservations") {
  const auto all = slurm.reservations_seen(out(
      "ReservationName=maint1 StartTime=1795303068 EndTime=1795310268 Duration=02:00:00 "
      "Nodes=node[1-3] NodeCnt=3 CoreCnt=24 Features=(null) PartitionName=(null) "
      "Flags=MAINT,SPEC_NODES,ALL_NODES TRES=cpu=24 Users=root Groups=(null) Accounts=(null) "
      "Licenses=(null) State=INACTIVE BurstBuffer=(null) Watts=n/a MaxStartDelay=(null)\n"
      "ReservationName=r2 StartTime=1795299468 EndTime=1795303068 Duration=01:00:00 Nodes=node1 "
      "NodeCnt=1 CoreCnt=8 Features=(null) PartitionName=(null) Flags=SPEC_NODES TRES=cpu=8 "
      "Users=nobody Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE\n"));
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "maint1");
  CHECK(all[0].maintenance);
  CHECK(all[0].start_unix == 1795303068 * second);
  CHECK(all[0].end_unix == 1795310268 * second);
  CHECK(all[0].nodes == std::vector<std::string>{"node1", "node2", "node3"});
  CHECK_FALSE(all[1].maintenance);
  CHECK(slurm.reservations_seen(out("No reservations in the system\n")).empty());
  CHECK(slurm.reservations_seen({1, false, "", "no"}).empty());
}
