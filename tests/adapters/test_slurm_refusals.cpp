// What Slurm refuses and why jobs wait, as Slurm 22.05 printed it: each with its remedy.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "adapters/adapter.hpp"

using namespace pcluster;
using Kind = SubmitAnswer::Kind;

namespace {

SubmitAnswer answer(int code, const std::string& err) {
  return slurm.submitted({code, false, "", err}, {});
}

}  // namespace

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
    {1,
     "sbatch: error: AssocMaxSubmitJobLimit\n"
     "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
     "limit, user's size and/or time limits)\n",
     "AssocMaxSubmitJobLimit; Job violates accounting/QOS policy (job submit limit, user's size "
     "and/or time limits)",
     "squeue --me"},
    {1,
     "sbatch: error: QOSMaxWallDurationPerJobLimit\n"
     "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
     "limit, user's size and/or time limits)\n",
     "QOSMaxWallDurationPerJobLimit; Job violates accounting/QOS policy (job submit limit, user's "
     "size and/or time limits)",
     "shorter --time"},
    {1,
     "sbatch: error: QOSMaxCpuPerJobLimit\n"
     "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
     "limit, user's size and/or time limits)\n",
     "QOSMaxCpuPerJobLimit; Job violates accounting/QOS policy (job submit limit, user's size "
     "and/or time limits)",
     "fewer --cores"},
    {1,
     "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
     "limit, user's size and/or time limits)\n",
     "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
     "or fewer --jobs"},
    {1,
     "sbatch: error: Batch job submission failed: User's group not permitted to use this "
     "partition\n",
     "User's group not permitted to use this partition", "sinfo -s"},
    {1, "sbatch: error: Batch job submission failed: Requested reservation is invalid\n",
     "Requested reservation is invalid", "--reservation"},
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

TEST_CASE("reasons to wait have a remedy; new ones have none") {
  for (const auto& [reason, words] :
       {std::pair{"PartitionDown", "--partition"},
        {"PartitionTimeLimit", "shorter --time"},
        {"QOSMaxMemoryPerJob", "less --memory"},
        {"QOSMaxJobsPerUserLimit", "fewer --jobs"},
        {"AssocMaxJobsLimit", "fewer --jobs"},
        {"InvalidAccount", "--account"},
        {"ReqNodeNotAvail, UnavailableNodes:node[1-3]", "sinfo -R"},
        {"ReqNodeNotAvail, Reserved for maintenance", "shorter --time"},
        {"Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority "
         "partitions",
         "sinfo -R"},
        {"Resources", "--timeout"},
        {"JobHeldUser", "scontrol release"}}) {
    INFO(reason);
    CHECK(slurm.remedy(reason).find(words) != std::string_view::npos);
  }
  CHECK(slurm.remedy("SomethingNew").empty());
  CHECK(slurm.remedy("").empty());
  CHECK(local.remedy("anything").empty());
}
