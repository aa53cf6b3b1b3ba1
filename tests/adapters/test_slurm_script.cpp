// #SBATCH lines as pcluster-slurm reads them: what it does not know for sure is sbatch's.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "adapters/adapter.hpp"
#include "adapters/slurm_api/script.hpp"
#include "launcher/base/text.hpp"

using namespace pcluster;
using slurm_api::read_script;

namespace {

slurm_api::Script with(const std::string& lines) { return read_script("#!/bin/sh\n" + lines); }

}  // namespace

TEST_CASE("every directive that pcluster writes is read") {
  JobSpec spec;
  spec.partition = "long \"one\"";
  spec.account = "lab7#2";
  spec.nodes = 2;
  spec.per_node = {6, 10000, 1};
  spec.time = 36 * 3600 * second + 30 * second;
  for (const auto* mode : {"node", "cpu"}) {
    spec.mem_mode = mode;
    std::string text;
    for (const auto& line : slurm.directives(spec, {"c", "pcl-c-t", "t", "/d/a #b", 10}))
      text += "#SBATCH " + line + "\n";
    CAPTURE(text);
    const auto script = with(text + "#SBATCH --time-min=00:10:00 --qos=high\n");
    CHECK(script.foreign == "");
    CHECK(script.wrong == "");
    const auto& wanted = script.wanted;
    CHECK(wanted.name == "pcl-c-t");
    CHECK(wanted.array == "0-9");
    CHECK(wanted.directory == "/d/a #b");
    CHECK(wanted.output == "/d/a #b/jobs/t-%a.out");
    CHECK(wanted.partition == "long \"one\"");
    CHECK(wanted.account == "lab7#2");
    CHECK(wanted.qos == "high");
    CHECK(wanted.gres == "gpu:1");
    CHECK_FALSE(wanted.requeue);
    CHECK(wanted.nodes == 2);
    CHECK(wanted.tasks_per_node == 1);
    CHECK(wanted.cores_per_task == 6);
    CHECK(wanted.memory_mb == (spec.mem_mode == "node" ? 10000 : 0));
    CHECK(wanted.memory_mb_per_core == (spec.mem_mode == "cpu" ? 1667 : 0));
    CHECK(wanted.minutes == 36 * 60 + 1);
    CHECK(wanted.least_minutes == 10);
  }
}

TEST_CASE("what is sbatch's to read is refused, not passed over") {
  for (const auto* line :
       {"--constraint=haswell", "-n 1", "-n1", "--mem 10G", "--mem=10G", "--nodes=1-2", "--time=5",
        "--time=1-0", "--time=unlimited", "--requeue", "--exclusive", "--signal=USR1",
        "--signal=B:KILL@9", "--array", "--partition=", "word", "--job-name=\"open", "--nodes=0",
        "--cpus-per-task=99999"}) {
    INFO(line);
    CHECK(with(std::string("#SBATCH ") + line + "\n").foreign != "");
  }
  CHECK(with("#PBS -N x\n").foreign != "");
  CHECK(with("#BSUB -J x\n").foreign != "");
  CHECK(with("#SBATCH --qos=a --comment=b\n").foreign == "--comment=b");
  CHECK(with("#SBATCH --qos=a # --comment=b\n").foreign == "");
  CHECK(with("## SBATCH --comment=b\n#\n\ntrue\n#SBATCH --comment=b\n").foreign == "");
}

TEST_CASE("a signal before the end") {
  const auto wanted = with("#SBATCH --signal=B:USR1@90\n").wanted;
  CHECK(wanted.warning.number == 10);
  CHECK(wanted.warning.seconds == 90);
  CHECK(wanted.warning.to_shell);
  CHECK_FALSE(with("#SBATCH --signal=TERM@5\n").wanted.warning.to_shell);
}

TEST_CASE("scripts that no job can come of") {
  CHECK(read_script("").wrong == "Batch script is empty!");
  CHECK(read_script(" \n").wrong == "Batch script contains only whitespace!");
  CHECK(read_script("echo hi\n").wrong.starts_with("This does not look like a batch script."));
  CHECK(read_script("#!/bin/sh\r\ntrue\r\n").wrong.find("DOS line breaks") != std::string::npos);
  CHECK(read_script(std::string("#!/bin/sh\n\0", 11)).wrong.find("NULL") != std::string::npos);
  CHECK(read_script("#!/bin/sh\ntrue\n").wrong == "");
}

TEST_CASE("variables for sbatch") {
  const std::vector<std::string> environment{"PATH=/bin", "SBATCH_QOS=high", "SBATCH_WAIT=1"};
  CHECK(slurm_api::foreign_variable(environment, {}) == "SBATCH_QOS");
  const std::vector<std::string> one{"SBATCH_QOS"}, both{"SBATCH_QOS", "SBATCH_WAIT"};
  CHECK(slurm_api::foreign_variable(environment, one) == "SBATCH_WAIT");
  CHECK(slurm_api::foreign_variable(environment, both) == "");
  CHECK(slurm_api::foreign_variable(std::vector<std::string>{"SLURM_CLUSTERS=a"}, both) ==
        "SLURM_CLUSTERS");
}
