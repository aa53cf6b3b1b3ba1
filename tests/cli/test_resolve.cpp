// Values by precedence, presets, live limits, local shares.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "tests/cli/center.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

Plan plan_for(const Configuration& asked, const LiveLimits& live = {}) {
  return resolve(asked, center(), slurm, live, {4, 16000});
}

Error refused(const Configuration& asked, const LiveLimits& live = {},
              const SiteProfile& site = center()) {
  try {
    resolve(asked, site, slurm, live, {4, 16000});
  } catch (const Error& error) { return error; }
  FAIL("no Error");
  return Error(Exit::done, "");
}

bool says(const Plan& plan, std::string_view text) {
  return join(plan.notes, "\n").find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("command line > PCLUSTER_* > configuration") {
  Configuration file;
  file.jobs = 1, file.cores = 1, file.partition = "file", file.account = "file";
  file.setup = {"from file"};
  const Variables variables{{"PCLUSTER_JOBS", "2"},
                            {"PCLUSTER_CORES", "2"},
                            {"PCLUSTER_PARTITION", "environment"},
                            {"PCLUSTER_IDLE_TIMEOUT", "10m"}};
  auto all =
      layer(layer(typed({"--jobs", "3", "--setup", "typed"}), settings_from(variables)), file);
  CHECK(all.jobs == 3u);
  CHECK(all.cores == 2u);
  CHECK(all.partition == "environment");
  CHECK(all.account == "file");
  CHECK(all.idle_timeout == 600 * second);
  CHECK(all.setup == std::vector<std::string>{"from file", "typed"});
  CHECK_FALSE(all.nodes);
}

TEST_CASE("a site's MPI goes with its jobs") {
  auto site = center();
  CHECK(resolve({}, site, slurm, {}, {4, 16000}).spec.mpi == MpiSettings{});
  CHECK(resolve({}, site, slurm, {}, {4, 16000}).origins.at("mpi") == "default");
  site.mpi = {"/opt/mpiexec", "mpich", {"-x"}, {{"A", "b"}}, false};
  const auto plan = resolve({}, site, slurm, {}, {4, 16000});
  CHECK(plan.spec.mpi == site.mpi);
  CHECK(plan.origins.at("mpi") == "site center");
}

TEST_CASE("in a task PCLUSTER_CORES is the task's own") {
  CHECK(settings_from(Variables{{"PCLUSTER_CORES", "8"}}).cores == 8u);
  CHECK_FALSE(settings_from(Variables{{"PCLUSTER_CORES", "8"}, {"PCLUSTER_TASK", "1.0"}}).cores);
}

TEST_CASE("a wrong value names where it was said") {
  const auto what = [](auto work) -> std::string {
    try {
      work();
    } catch (const Error& error) { return error.what(); }
    return "";
  };
  CHECK(what([] {
          settings_from(Variables{{"PCLUSTER_JOBS", "ten"}});
        }).find("PCLUSTER_JOBS: ") == 0);
  CHECK(what([] { typed({"--jobs", "0"}); }).find("--jobs: ") == 0);
  CHECK(what([] { typed({"--idle-timeout", "x"}); }).find("--idle-timeout: ") == 0);
  CHECK(what([] { typed({"--time", "60"}); }) == "--time: 60 what?");  // Slurm's are minutes
  CHECK(typed({"--time", "1:30:00"}).time == 5400 * second);
  CHECK(typed({"--time", "0"}).time == 0);
}

TEST_CASE("every setting of the table is an option of submit, and each round trip sets it") {
  const auto names = option_names(verb_submit);
  for (const auto& setting : settings()) {
    INFO(setting.name);
    CHECK(std::ranges::find(names, "--" + std::string(setting.name)) != names.end());
  }
  CHECK(variable_name("local-directory") == "PCLUSTER_LOCAL_DIRECTORY");
}

TEST_CASE("the preset of the partition, less its cushion, and one line that says it all") {
  const auto plan = plan_for(typed({"-p", "16GBXL", "--jobs", "10"}));
  CHECK(plan.spec.adapter == "slurm");
  CHECK(plan.spec.per_node.cores == 2);
  CHECK(plan.spec.per_node.memory_mb == 16284);
  CHECK(plan.spec.slots == 1);
  CHECK(plan.spec.time == 0);  // no time limit that nobody asked for
  CHECK(request_line(plan) ==
        "10 jobs x (1 node, 2 cores, 15.9 GB) = 10 slots of 2 cores, 15.9 GB");
  CHECK(plan.notes.empty());
  CHECK(plan_for({}).spec.partition == "8GBS");
}

TEST_CASE("the request line counts nodes and slots") {
  CHECK(request_line(plan_for(typed({"--jobs", "2", "--nodes", "3", "-c", "4", "-m", "8G", "-t",
                                     "2h", "--slots-per-worker", "2"}))) ==
        "2 jobs x (3 nodes, 4 cores, 8 GB each, 2h00m) = 12 slots of 2 cores, 4 GB");
  CHECK(request_line(plan_for(typed({"-p", "OPEN"}))) ==
        "1 job x (1 node, 1 core) = 1 slot of 1 core");
}

TEST_CASE("what is asked for wins over the preset; the live partition caps it, and that is said") {
  const LiveLimits live{{limits("16GBXL", 4, 20000, 0, 3600 * second)}};
  const auto plan = plan_for(typed({"-p", "16GBXL", "-c", "8", "-m", "32000", "-t", "5h"}), live);
  CHECK(plan.spec.per_node.cores == 4);
  CHECK(plan.spec.per_node.memory_mb == 19900);  // less the site's cushion
  CHECK(plan.spec.time == 3600 * second);
  CHECK(plan.notes.size() == 3);
  CHECK(says(plan, "allows at most 4 cores"));
  CHECK(says(plan, "31.2 GB was asked for, 19.4 GB is used"));
  CHECK(says(plan, "1h00m"));
  const auto within = plan_for(typed({"-p", "16GBXL", "-c", "3", "-m", "100"}), live);
  CHECK(within.spec.per_node.cores == 3);
  CHECK(within.spec.per_node.memory_mb == 100);
  CHECK(within.notes.empty());
}

TEST_CASE("a limit per core caps memory by the cores") {
  auto open = limits("OPEN");
  open.max_memory_mb_per_core = 1000;
  CHECK(plan_for(typed({"-p", "OPEN", "-c", "3", "-m", "8G"}), {{open}}).spec.per_node.memory_mb ==
        2900);
}

TEST_CASE("the live partition fills what is null, never a whole node") {
  const LiveLimits live{{limits("OPEN", 64, 256000, 4000)}};
  auto plan = plan_for(typed({"-p", "OPEN"}), live);
  CHECK(plan.spec.per_node.cores == 1);
  CHECK(plan.spec.per_node.memory_mb == 4000);
  plan = plan_for(typed({"-p", "OPEN", "-m", "16000"}), live);
  CHECK(plan.spec.per_node.cores == 4);  // as many as that memory is worth
  plan = plan_for(typed({"-p", "OPEN", "-c", "3"}), live);
  CHECK(plan.spec.per_node.memory_mb == 12000);
}

TEST_CASE("without a partition and a size the scheduler's default one counts") {
  auto site = center();
  site.default_partition = "";
  auto any = limits("any", 2, 0, 4000);
  any.is_default = true;
  const auto plan = resolve({}, site, slurm, {{limits("other", 64), any}}, {});
  CHECK(plan.spec.partition.empty());
  CHECK(plan.spec.per_node.memory_mb == 3900 + 100);
}

TEST_CASE("an unknown partition is known before anything is submitted, with the nearest one") {
  const LiveLimits live{{limits("16GBXL"), limits("16GBL"), limits("ADMIN")}};
  auto error = refused(typed({"-p", "16GBXXL"}), live);
  CHECK(error.code() == Exit::usage);
  CHECK(std::string(error.what()) ==
        "unknown partition \"16GBXXL\" at site center (did you mean \"16GBXL\"?)");
  CHECK(error.hint() == "partitions: 16GBXL, 16GBL");
  error = refused(typed({"-p", "8gbx"}));  // the scheduler was not asked: the profile's names
  CHECK(std::string(error.what()).find("did you mean \"8GBS\"?") != std::string::npos);
  CHECK(plan_for(typed({"-p", "NEW"}), {{limits("NEW")}}).spec.partition == "NEW");
  CHECK(refused(typed({"-p", "8GBS"}), live).code() == Exit::usage);  // gone since the profile
}

TEST_CASE("a partition that is not for workers, a missing account, too many workers to wait for") {
  CHECK(std::string(refused(typed({"-p", "ADMIN"}), {{limits("ADMIN")}}).what()).find("not for") !=
        std::string::npos);
  auto billed = center();
  billed.account_required = true;
  CHECK(refused({}, {}, billed).hint().find("--account") != std::string::npos);
  billed.account = "project";
  CHECK(resolve({}, billed, slurm, {}, {}).spec.account == "project");
  CHECK(refused(typed({"--jobs", "2", "--min-workers", "3"})).code() == Exit::usage);
}

TEST_CASE("a partition that is down is said, and remembered") {
  auto down = limits("8GBS");
  down.up = false;
  const auto plan = plan_for({}, {{down}});
  CHECK(plan.partition_down);
  CHECK(says(plan, "8GBS is down"));
}

TEST_CASE("local workers share the cores, at least one slot each, and are told when that is more") {
  SiteProfile here;
  here.name = "local";
  const auto shape = [&](const Configuration& asked) {
    return resolve(asked, here, local, {}, {8, 16000});
  };
  auto plan = shape(typed({"--jobs", "2"}));
  CHECK(plan.spec.per_node == Resources{4, 8000, 0});
  CHECK(plan.notes.empty());
  plan = shape(typed({"--jobs", "10"}));
  CHECK(plan.spec.per_node == Resources{1, 2000, 0});
  CHECK(says(plan, "10 slots on 8 cores"));
  plan = shape(typed({"--jobs", "2", "--cores", "16"}));
  CHECK(plan.spec.per_node == Resources{16, 16000, 0});
  CHECK(says(plan, "32 slots on 8 cores"));
  CHECK(shape(typed({"--jobs", "3", "-c", "1"})).spec == shape(typed({"-c", "1"})).spec);
}

TEST_CASE("a partition where there is no scheduler: said, and local workers instead") {
  SiteProfile here;
  here.name = "local";
  const auto plan = resolve(typed({"-p", "16GBXL"}), here, local, {}, {1, 0});
  CHECK(plan.spec.adapter == "local");
  CHECK(plan.spec.partition.empty());
  CHECK(says(plan, "no scheduler here"));
  CHECK(says(plan, "16GBXL"));
}

TEST_CASE("set-up lines and directives: the site's first, the user's last") {
  const auto plan =
      plan_for(typed({"--setup", "mine", "--directive", "-x", "--drop-directive", "mem"}));
  CHECK(plan.spec.setup == std::vector<std::string>{"module load site", "mine"});
  CHECK(plan.spec.directives == std::vector<std::string>{"--site", "-x"});
  CHECK(plan.spec.drop_directives == std::vector<std::string>{"mem"});
}
