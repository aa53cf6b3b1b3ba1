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
        JobSeen{"38", JobState::ended, "CANCELLED", "CANCELLED", "", 0, false});
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
  CHECK_FALSE(slurm.seen({0, false, std::string("\x1f\x8b\x08\0\x03", 5), ""}));
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

TEST_CASE(
    "what somebody else did to a job is said, also where Slurm has no reason, or an old one") {
  CHECK(seen_one("7|N/A|n|CANCELLED|N/A|1:00:00||BeginTime").reason == "CANCELLED");
  CHECK(seen_one("7|N/A|n|CANCELLED|N/A|1:00:00|node1|None").reason == "CANCELLED");
  CHECK(seen_one("7|N/A|n|PREEMPTED|N/A|1:00:00|node1|None").reason == "PREEMPTED");
  CHECK(seen_one("7|N/A|n|FAILED|N/A|1:00:00|node1|NonZeroExitCode").reason == "NonZeroExitCode");
  CHECK(seen_one("7|N/A|n|SUSPENDED|N/A|1:00:00|node1|None").reason == "SUSPENDED");
  CHECK(seen_one("7|N/A|n|COMPLETED|N/A|1:00:00|node1|None").reason.empty());
  CHECK(seen_one("7|N/A|n|RUNNING|N/A|1:00:00|node1|None").reason.empty());
  CHECK(seen_one("7|N/A|n|PENDING|N/A|1:00:00||None").reason.empty());
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
  for (const auto* time : {"1:2:3:4", "12hours", "99999999-00:00:00", "-", ""}) {
    const auto strange =
        slurm.limits_seen({0, false, "PartitionName=x MaxTime=" + std::string(time) + "\n", ""});
    REQUIRE(strange);
    CHECK(strange->at(0).max_time == 0);  // not said
  }
}
