// Allocations as their shells describe them: environments of a real salloc; PBS's of facts.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "tests/adapters/rendered.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

const FileText no_files = [](const std::string&) { return std::nullopt; };

// salloc -N2 -c4 --mem=1000, Slurm 22.05.
const Shell of_salloc{{"SLURM_CLUSTER_NAME", "testbed"},
                      {"SLURM_CONF", "/etc/own slurm.conf"},
                      {"SLURM_CPUS_PER_TASK", "4"},
                      {"SLURM_JOB_CPUS_PER_NODE", "4(x2)"},
                      {"SLURM_JOB_ID", "1"},
                      {"SLURM_JOB_NODELIST", "node[1-2]"},
                      {"SLURM_JOB_NUM_NODES", "2"},
                      {"SLURM_MEM_PER_NODE", "1000"},
                      {"SLURM_NODE_ALIASES", "(null)"}};

Shell with(Shell shell, const std::string& name, const std::string& value) {
  shell[name] = value;
  return shell;
}

}  // namespace

TEST_CASE("an allocation of Slurm's") {
  const auto found = slurm.allocation(of_salloc, no_files);
  REQUIRE(found);
  CHECK(found->job_id == "1");
  CHECK(found->nodes == 2);
  CHECK(found->node_names == "node[1-2]");
  CHECK(found->per_node == Resources{4, 1000, 0});
  CHECK(found->setup == std::vector<std::string>{"export SLURM_CONF='/etc/own slurm.conf'"});

  // Unequal nodes: the smallest; memory per core.
  auto shell = with(of_salloc, "SLURM_JOB_CPUS_PER_NODE", "8,2(x2),16");
  shell = with(with(shell, "SLURM_MEM_PER_CPU", "500"), "SLURM_JOB_NUM_NODES", "4");
  shell.erase("SLURM_MEM_PER_NODE");
  CHECK(slurm.allocation(shell, no_files)->per_node == Resources{2, 1000, 0});
  shell.erase("SLURM_JOB_NUM_NODES");
  CHECK(slurm.allocation(shell, no_files)->nodes == 2);

  CHECK_FALSE(slurm.allocation({}, no_files));
  CHECK_FALSE(slurm.allocation({{"SLURM_JOB_ID", "7"}}, no_files));
  CHECK_FALSE(slurm.allocation(with(of_salloc, "SLURM_JOB_ID", "; id"), no_files));
  CHECK((torque.allocation == nullptr));
  CHECK((local.allocation == nullptr));
}

TEST_CASE("an allocation of PBS's: each host once, whatever its lines") {
  const Shell shell{{"PBS_JOBID", "600.pbshead"},
                    {"PBS_NODEFILE", "/var/spool/pbs/aux/600.pbshead"},
                    {"PBS_JOBCOOKIE", "0000'00"},
                    {"PBS_MOMPORT", "15003"},
                    {"NCPUS", "2"}};
  const FileText file = [](const std::string& path) -> std::optional<std::string> {
    if (path == "/var/spool/pbs/aux/600.pbshead") return "pbsn1\npbsn1\npbsn2\npbsn2\n";
    return {};
  };
  const auto found = pbs.allocation(shell, file);
  REQUIRE(found);
  CHECK(found->job_id == "600");
  CHECK(found->nodes == 2);
  CHECK(found->node_names == "pbsn1,pbsn2");
  CHECK(found->per_node.cores == 2);
  CHECK(found->setup ==
        std::vector<std::string>{"export PBS_JOBID=600.pbshead",
                                 "export PBS_JOBCOOKIE='0000'\\''00'", "export PBS_MOMPORT=15003",
                                 "export PBS_NODEFILE=/var/spool/pbs/aux/600.pbshead"});
  CHECK_FALSE(pbs.allocation(shell, no_files));
  CHECK_FALSE(pbs.allocation({{"PBS_JOBID", "1.x"}}, file));
}

TEST_CASE("lists of nodes, written out") {
  const auto nodes = [](std::string_view list) { return slurm.nodes_in(list); };
  using Names = std::vector<std::string>;
  CHECK(nodes("node[1-3]") == Names{"node1", "node2", "node3"});
  CHECK(nodes("n[08-10,012],x") == Names{"n08", "n09", "n10", "n012", "x"});
  CHECK(nodes("r[1-2]n[0-1]-ib,login") ==
        Names{"r1n0-ib", "r1n1-ib", "r2n0-ib", "r2n1-ib", "login"});
  CHECK(nodes("").empty());
  CHECK(nodes("(null)").empty());
  CHECK(nodes("a[1-").size() == 1);  // nonsense, but no loop without an end
  CHECK(nodes("a[0-999999999]").size() == 100'000);
}

TEST_CASE("a step is a local job of its own, and its allocation is nobody's to cancel") {
  CHECK(find_adapter("slurm-here") == &slurm_here);
  CHECK(find_adapter("pbs-here") == &pbs_here);
  JobSpec spec;
  spec.partition = "12";
  const JobIdentity job{"c", "pcl-c-t", "t", "/d", 1};
  CHECK(slurm_here.submit("/d/jobs/t.sh", spec, job) == Argv{"pcluster", "local-jobs", "submit",
                                                             "--count", "1", "--name", "pcl-c-t",
                                                             "--within", "12", "/d/jobs/t.sh"});
  const std::vector<std::string> ids{"12+7381"};
  CHECK(slurm_here.cancel(ids) == Argv{"pcluster", "local-jobs", "cancel", "12+7381"});
  CHECK(slurm_here.limits().empty());
  const auto status = slurm_here.status("ann", ids);
  CHECK(std::ranges::find(status, "--then") != status.end());
}

TEST_CASE("the listing of a step tells when its allocation ends") {
  const CommandResult said{0, false,
                           "12+7381|running|pcl-c-t|\n13+9|running|pcl-c-u|\n"
                           "allocation|12|1795310268|10:00|node[1-2]\n"
                           "allocation|13|1826846268|UNLIMITED|node3\n",
                           ""};
  const auto seen = slurm_here.seen(said);
  REQUIRE(seen);
  REQUIRE(seen->size() == 2);
  CHECK(seen->at(0).second ==
        JobSeen{"12+7381", JobState::running, "running", "", "node[1-2]", 1795310268 * second});
  CHECK(seen->at(1).second.end_unix == 0);
  // The controller is away: ours are known all the same.
  auto half = said;
  half.out = "12+7381|running|pcl-c-t|\n", half.exit_code = 1;
  REQUIRE(slurm_here.seen(half));
  CHECK(slurm_here.seen(half)->front().second.end_unix == 0);
  CHECK_FALSE(slurm_here.seen({1, false, "", "no"}));
  CHECK_FALSE(slurm_here.seen({-1, true, "", ""}));
}

TEST_CASE("scripts that start workers in an allocation") {
  for (const auto* adapter : {&slurm_here, &pbs_here}) {
    auto spec = with_everything(*adapter);
    spec.partition = "12", spec.nodes = 2;
    spec.setup.insert(spec.setup.begin(), "export SLURM_CONF=/etc/slurm.conf");
    check_golden(std::string(adapter->name) + ".sh",
                 render_job_script(*adapter, spec, identity(1)));
    CHECK(template_fields(*adapter) == template_fields(local));
  }
}
