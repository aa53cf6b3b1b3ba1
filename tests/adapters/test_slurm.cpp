// Slurm's commands and answers; the texts are what Slurm 22.05 printed on a real cluster.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <tuple>

#include "adapters/adapter.hpp"
#include "launcher/base/text.hpp"

using namespace pcluster;

namespace {

using Kind = SubmitAnswer::Kind;

const JobIdentity one{"c", "pcl-c-t", "t", "/d", 1}, three{"c", "pcl-c-t", "t", "/d", 3};

SubmitAnswer answer(int code, const std::string& err, const std::string& out = "") {
  return slurm.submitted({code, false, out, err}, one);
}

JobSeen seen_one(const std::string& line) {
  const auto seen = slurm.seen({0, false, line + "\n", ""});
  REQUIRE(seen);
  REQUIRE(seen->size() == 1);
  return seen->front().second;
}

JobSeen pending(const std::string& reason) {
  return seen_one("7|N/A|pcl-c-t|PENDING|N/A|1:00:00||" + reason);
}

}  // namespace

TEST_CASE("commands") {
  const std::vector<std::string> names{"pcl-c-t", "pcl-c-u"};
  CHECK(shell_join(slurm.status("ann", names)) ==
        "env -u SQUEUE_ACCOUNT -u SQUEUE_PARTITION -u SQUEUE_QOS SLURM_TIME_FORMAT=%s squeue "
        "-u ann -a -h -r -t all -n pcl-c-t,pcl-c-u -o '%F|%K|%j|%T|%e|%l|%N|%r'");
  CHECK(shell_join(slurm.status("", names)).find(" --me ") != std::string::npos);
  const std::vector<std::string> ids{"12_1", "7", "12_0", "12_4", "9", "13_2", "12_2"};
  CHECK(slurm.cancel(ids) == Argv{"scancel", "7", "9", "12_[0-2,4]", "13_[2]"});
  CHECK(shell_join(slurm.limits()) == "scontrol --all --oneliner show partition");
}

TEST_CASE("accepted: the ids are those of the listing") {
  CHECK(answer(0, "", "12\n").job_ids == std::vector<std::string>{"12"});
  CHECK(answer(0, "", "12;cluster\n").job_ids == std::vector<std::string>{"12"});
  CHECK(answer(0, "", "Welcome to the site!\n\n12\n").job_ids == std::vector<std::string>{"12"});
  const auto array = slurm.submitted({0, false, "12\n", "sbatch: a warning\n"}, three);
  CHECK(array.kind == Kind::accepted);
  CHECK(array.job_ids == std::vector<std::string>{"12_0", "12_1", "12_2"});
}

TEST_CASE("no answer: it may have gone through, so it is looked up before it is repeated") {
  const std::string failed = "sbatch: error: Batch job submission failed: ";
  CHECK(answer(1, failed + "Unable to contact slurm controller (connect failure)\n").kind ==
        Kind::unanswered);
  CHECK(answer(1, failed + "Socket timed out on send/recv operation\n").kind == Kind::unanswered);
  CHECK(answer(1, failed + "Zero Bytes were transmitted or received\n").kind == Kind::unanswered);
  CHECK(answer(-1, "").kind == Kind::unanswered);
  CHECK(slurm.submitted({-1, true, "", ""}, one).kind == Kind::unanswered);
  CHECK(answer(0, "", "no number\n").kind == Kind::unanswered);
  CHECK(answer(0, "", "").kind == Kind::unanswered);
}

struct Refused {
  int code;
  const char *err, *message, *remedy;
};

const Refused refusals[] = {
    {1,
     "sbatch: error: invalid partition specified: nosuch\n"
     "sbatch: error: Batch job submission failed: Invalid partition name specified\n",
     "invalid partition specified: nosuch; Invalid partition name specified", "--partition"},
    {1,
     "sbatch: error: Batch job submission failed: Required partition not available (inactive or "
     "drain)\n",
     "Required partition not available (inactive or drain)", "another with --partition"},
    {1,
     "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or "
     "exceeds some limit)\n",
     "Requested time limit is invalid (missing or exceeds some limit)", "--time"},
    {1, "sbatch: error: Batch job submission failed: Node count specification invalid\n",
     "Node count specification invalid", "--nodes"},
    {1, "sbatch: error: Batch job submission failed: More processors requested than permitted\n",
     "More processors requested than permitted", "--cores"},
    {255, "sbatch: error: Invalid --time specification\n", "Invalid --time specification",
     "HH:MM:SS"},
    {255, "sbatch: error: Invalid --mem specification\n", "Invalid --mem specification", "8G"},
    {1,
     "sbatch: error: Memory specification can not be satisfied\n"
     "sbatch: error: Batch job submission failed: Requested node configuration is not "
     "available\n",
     "Memory specification can not be satisfied; Requested node configuration is not available",
     "less --memory"},
    {1,
     "sbatch: error: CPU count per node can not be satisfied\n"
     "sbatch: error: Batch job submission failed: Requested node configuration is not "
     "available\n",
     "CPU count per node can not be satisfied; Requested node configuration is not available",
     "fewer --cores"},
    {1, "sbatch: error: Batch job submission failed: Invalid node name specified\n",
     "Invalid node name specified", "--nodelist"},
    {1, "sbatch: error: Batch job submission failed: Invalid feature specification\n",
     "Invalid feature specification", "--constraint"},
    {1, "sbatch: error: Batch job submission failed: Invalid license specification\n",
     "Invalid license specification", "--licenses"},
    {1, "sbatch: error: Invalid generic resource (gres) specification\n",
     "Invalid generic resource (gres) specification", "--gres"},
    {1, "sbatch: error: Unable to open file nosuchfile.sh\n", "Unable to open file nosuchfile.sh",
     "state directory"},
    {1, "sbatch: error: Batch script is empty!\n", "Batch script is empty!", "job_template"},
    {1,
     "sbatch: error: This does not look like a batch script.  The first\n"
     "sbatch: error: line must start with #! followed by the path to an interpreter.\n"
     "sbatch: error: For instance: #!/bin/sh\n",
     "This does not look like a batch script.  The first; line must start with #! followed by "
     "the path to an interpreter.; For instance: #!/bin/sh",
     "#!/bin/bash"},
    {1,
     "sbatch: error: Batch script contains DOS line breaks (\\r\\n)\n"
     "sbatch: error: instead of expected UNIX line breaks (\\n).\n",
     "Batch script contains DOS line breaks (\\r\\n); instead of expected UNIX line breaks "
     "(\\n).",
     "dos2unix"},
    {255, "sbatch: unrecognized option '--nosuch=1'\nTry \"sbatch --help\" for more information\n",
     "unrecognized option '--nosuch=1'; Try \"sbatch --help\" for more information", "--directive"},
    {255,
     "Invalid time specification (pos=0): banana\nsbatch: error: Invalid --begin specification\n",
     "Invalid time specification (pos=0): banana; Invalid --begin specification", "--directive"},
    {1,
     "sbatch: error: Batch job submission failed: Invalid account or account/partition "
     "combination specified\n",
     "Invalid account or account/partition combination specified", "--account"},
    {1, "sbatch: error: Batch job submission failed: Invalid qos specification\n",
     "Invalid qos specification", "--qos"},
    {1,
     "sbatch: error: QOSMaxMemoryPerJob\n"
     "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
     "limit, user's size and/or time limits)\n",
     "QOSMaxMemoryPerJob; Job violates accounting/QOS policy (job submit limit, user's size "
     "and/or time limits)",
     "less --memory"},
    {1,
     "sbatch: error: QOSMaxSubmitJobPerUserLimit\n"
     "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
     "limit, user's size and/or time limits)\n",
     "QOSMaxSubmitJobPerUserLimit; Job violates accounting/QOS policy (job submit limit, user's "
     "size and/or time limits)",
     "fewer --jobs"},
    {1, "sbatch: error: Batch job submission failed: Invalid job array specification\n",
     "Invalid job array specification", "MaxArraySize"},
    {1, "sbatch: fatal: Could not establish a configuration source\n",
     "Could not establish a configuration source", "login node"},
    {127, "", "sbatch is not on PATH here", "login node"},
    {126, "/usr/bin/sbatch: Cannot allocate memory", "/usr/bin/sbatch: Cannot allocate memory",
     "ulimit"},
    {1, "sbatch: error: something new\n", "something new", "--dry-run"},
    {3, "", "sbatch ended with exit code 3", "--dry-run"},
};

TEST_CASE("refused: Slurm's words, and a remedy of our own for each") {
  for (const auto& each : refusals) {
    INFO(each.err);
    const auto got = answer(each.code, each.err);
    CHECK(got.kind == Kind::refused);
    CHECK(got.message == each.message);
    CHECK(got.hint.find(each.remedy) != std::string::npos);
    CHECK(got.job_ids.empty());
  }
}

TEST_CASE("a listing, as squeue printed it") {
  const auto seen = slurm.seen({0, false,
                                "1|0|pcl-x-1|RUNNING|1795263944|1:00:00|node1|None\n"
                                "3|2|pcl-x-3|PENDING|N/A|UNLIMITED||PartitionDown\n"
                                "2|N/A|pcl-x-2|RUNNING|1826796344|365-00:00:00|node[1-2]|None\n"
                                "9|N/A|pcl-x-4|COMPLETING|1795260000|1:00:00|node1|a|b\n",
                                ""});
  REQUIRE(seen);
  REQUIRE(seen->size() == 4);
  const auto& all = *seen;
  CHECK(all[0].first == "pcl-x-1");
  const auto running = JobState::running, waits = JobState::pending;
  CHECK(all[0].second ==
        JobSeen{"1_0", running, "RUNNING", "", "node1", 1795263944 * second, false});
  CHECK(all[1].second == JobSeen{"3_2", waits, "PENDING", "PartitionDown", "", 0, true});
  CHECK(all[2].second == JobSeen{"2", running, "RUNNING", "", "node[1-2]", 0, false});
  CHECK(all[3].second == JobSeen{"9", running, "COMPLETING", "a|b", "node1", 0, false});
}

TEST_CASE("an array that is cancelled before it starts becomes one line") {
  const auto seen =
      slurm.seen({0, false, "38|N/A|n|CANCELLED|1795261578|1:00:00||Resources\n", ""});
  REQUIRE(seen);
  REQUIRE(seen->size() == 1);  // its elements are gone: known ids that are not listed have ended
  CHECK(seen->front().second ==
        JobSeen{"38", JobState::ended, "CANCELLED", "Resources", "", 0, false});
}

TEST_CASE("no answer and an empty answer are two things") {
  CHECK_FALSE(slurm.seen({1, false, "",
                          "slurm_load_jobs error: Unable to contact slurm controller (connect "
                          "failure)\n"}));
  CHECK_FALSE(slurm.seen({-1, true, "", ""}));
  const auto none = slurm.seen({0, false, "", ""});
  REQUIRE(none);
  CHECK(none->empty());
  CHECK(slurm.seen({0, false, "a banner | with bars\n", ""})->empty());
}

TEST_CASE("every state of Slurm has its meaning; a new one is unknown, with its word") {
  const std::pair<JobState, const char*> meanings[] = {
      {JobState::pending,
       "PENDING CONFIGURING REQUEUED REQUEUE_FED REQUEUE_HOLD RESV_DEL_HOLD SPECIAL_EXIT"},
      {JobState::running, "RUNNING COMPLETING RESIZING SIGNALING STAGE_OUT STOPPED SUSPENDED"},
      {JobState::ended,
       "COMPLETED CANCELLED FAILED TIMEOUT NODE_FAIL PREEMPTED OUT_OF_MEMORY DEADLINE BOOT_FAIL "
       "REVOKED"},
      {JobState::unknown, "HIBERNATING running"},
  };
  int states = 0;
  for (const auto& [state, words] : meanings)
    for (const auto& word : split(words, ' ')) {
      INFO(word);
      const auto job = seen_one("7|N/A|n|" + word + "|N/A|1:00:00||None");
      CHECK(job.state == state);
      CHECK(job.word == word);
      ++states;
    }
  CHECK(states == 24 + 2);
}

TEST_CASE("reasons that do not pass by themselves") {
  for (const auto* reason :
       {"PartitionDown", "PartitionInactive", "PartitionTimeLimit", "PartitionNodeLimit",
        "PartitionConfig", "BadConstraints", "QOSMaxMemoryPerJob", "QOSMaxCpuPerJobLimit",
        "QOSMaxWallDurationPerJobLimit", "QOSMinMemory", "AssocMaxCpuPerJobLimit", "InvalidQOS",
        "MaxMemPerLimit", "ReqNodeNotAvail, UnavailableNodes:node[1-3]"}) {
    INFO(reason);
    CHECK(pending(reason).never);
    CHECK(pending(reason).reason == reason);
  }
  for (const auto* reason :
       {"Priority", "Resources", "None", "JobArrayTaskLimit", "BeginTime", "Dependency",
        "QOSMaxJobsPerUserLimit", "QOSGrpCpuLimit", "AssocGrpMemLimit",
        "ReqNodeNotAvail, Reserved for maintenance", "ReqNodeNotAvail, UnavailableNodes:",
        "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority "
        "partitions"}) {
    INFO(reason);
    CHECK_FALSE(pending(reason).never);
  }
  CHECK_FALSE(seen_one("7|N/A|n|CANCELLED|N/A|1:00:00||PartitionDown").never);
}

TEST_CASE("limits of partitions, as scontrol printed them") {
  const auto limits = slurm.limits_seen(
      {0, false,
       "PartitionName=8GBXS AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL AllocNodes=ALL "
       "Default=YES QoS=N/A DefaultTime=01:00:00 DisableRootJobs=NO ExclusiveUser=NO GraceTime=0 "
       "Hidden=NO MaxNodes=UNLIMITED MaxTime=12:00:00 MinNodes=0 LLN=NO MaxCPUsPerNode=UNLIMITED "
       "Nodes=node[1-3] PriorityJobFactor=1 PriorityTier=1 RootOnly=NO ReqResv=NO "
       "OverSubscribe=NO OverTimeLimit=NONE PreemptMode=OFF State=UP TotalCPUs=24 TotalNodes=3 "
       "SelectTypeParameters=NONE JobDefaults=(null) DefMemPerCPU=8000 MaxMemPerNode=UNLIMITED "
       "TRES=cpu=24,mem=1500G,node=3,billing=24\n"
       "PartitionName=capped AllowGroups=ALL Default=NO MaxTime=1-12:00:00 MaxCPUsPerNode=4 "
       "State=DRAIN TotalCPUs=24 TotalNodes=3 DefMemPerNode=UNLIMITED MaxMemPerCPU=4000\n"
       "PartitionName=open Default=NO MaxTime=UNLIMITED State=UP TotalNodes=1 MaxMemPerNode=9000\n",
       ""});
  REQUIRE(limits);
  REQUIRE(limits->size() == 3);
  const auto& [xs, capped, open] = std::tie((*limits)[0], (*limits)[1], (*limits)[2]);
  CHECK(xs.name == "8GBXS");
  CHECK(xs.is_default);
  CHECK(xs.up);
  CHECK(xs.max_time == 12 * 3600 * second);
  CHECK(xs.memory_mb_per_core == 8000);
  CHECK(xs.max_cores + xs.max_memory_mb + xs.max_memory_mb_per_core == 0);
  CHECK(xs.nodes == 3);
  CHECK_FALSE(capped.is_default);
  CHECK_FALSE(capped.up);
  CHECK(capped.max_time == 36 * 3600 * second);
  CHECK(capped.max_cores == 4);
  CHECK(capped.max_memory_mb_per_core == 4000);
  CHECK(open.max_time == 0);
  CHECK(open.max_memory_mb == 9000);
  CHECK_FALSE(slurm.limits_seen(
      {1, false, "", "slurm_load_partitions error: Unable to contact slurm controller\n"}));
}
