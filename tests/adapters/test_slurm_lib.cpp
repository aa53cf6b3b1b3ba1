// Slurm through pcluster-slurm: its JSON as it printed it on a real Slurm 22.05, read as the
// commands' answers are.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <tuple>

#include "adapters/adapter.hpp"
#include "launcher/base/text.hpp"

using namespace pcluster;

namespace {

using Kind = SubmitAnswer::Kind;

const JobIdentity one{"c", "pcl-c-t", "t", "/d", 1}, three{"c", "pcl-c-t", "t", "/d", 3};

// What pcluster-slurm and sbatch said to the same script.
void both_refuse(const std::string& json, const std::string& sbatch) {
  const auto by_library = slurm_lib.submitted({1, false, json, ""}, one);
  const auto by_command = slurm.submitted({1, false, "", sbatch}, one);
  CHECK(by_library.kind == by_command.kind);
  CHECK(by_library.message == by_command.message);
  CHECK(by_library.hint == by_command.hint);
}

const std::string limits_json =
    R"({"partitions":[{"cores":24,"default":true,"default_memory_mb_per_core":8000,)"
    R"("default_memory_mb_per_node":null,"max_cores_per_node":4,"max_memory_mb_per_core":null,)"
    R"("max_memory_mb_per_node":4000,"max_minutes":720,"name":"8GBXS","nodes":3,"state":"UP"},)"
    R"({"cores":24,"default":false,"default_memory_mb_per_core":null,)"
    R"("default_memory_mb_per_node":null,"max_cores_per_node":null,"max_memory_mb_per_core":3000,)"
    R"("max_memory_mb_per_node":null,"max_minutes":null,"name":"drained","nodes":3,)"
    R"("state":"DRAIN"}],"slurm":{"built_for":"22.05.8","cluster":"testbed","complete":true,)"
    R"("controller":"22.05.8","fits":true,"library":"libslurm.so.38","why":""}})";

}  // namespace

TEST_CASE("commands of the library's program") {
  JobSpec spec;
  CHECK(shell_join(slurm_lib.submit("/d/jobs/t.sh", spec, one)) ==
        "pcluster-slurm submit --ignore SBATCH_JOB_NAME,SBATCH_ARRAY_INX,SBATCH_OUTPUT,"
        "SBATCH_ERROR,SBATCH_INPUT,SBATCH_WAIT,SBATCH_NO_REQUEUE,SBATCH_REQUEUE /d/jobs/t.sh");
  spec.directives = {"--qos=high", "#SBATCH --exclude=node1"};
  CHECK(slurm_lib.submit("/d/jobs/t.sh", spec, one).front() == "pcluster-slurm");
  spec.directives = {"--qos=high", "--constraint=haswell"};  // sbatch reads it
  CHECK(slurm_lib.submit("/d/jobs/t.sh", spec, one) == slurm.submit("/d/jobs/t.sh", spec, one));
  const std::vector<std::string> names{"pcl-c-t", "pcl-c-u"}, ids{"12_1", "7", "12_0"};
  CHECK(shell_join(slurm_lib.status("ann", names)) ==
        "pcluster-slurm jobs --user ann --names pcl-c-t,pcl-c-u");
  CHECK(shell_join(slurm_lib.status("", names)).find(" --me ") != std::string::npos);
  CHECK(slurm_lib.cancel(ids) == Argv{"pcluster-slurm", "cancel", "7", "12_[0-1]"});
  CHECK(slurm.by_library == &slurm_lib);
  CHECK(slurm_lib.by_commands == &slurm);
}

TEST_CASE("the library: accepted, refused, unanswered, as by sbatch") {
  const auto array = slurm_lib.submitted({0, false, R"({"job_id":12,"message":""})", ""}, three);
  CHECK(array.kind == Kind::accepted);
  CHECK(array.job_ids == std::vector<std::string>{"12_0", "12_1", "12_2"});
  both_refuse(R"({"error":{"code":2000,"library":["invalid partition specified: nosuch"],)"
              R"("words":"Invalid partition name specified"}})",
              "sbatch: error: invalid partition specified: nosuch\n"
              "sbatch: error: Batch job submission failed: Invalid partition name specified\n");
  both_refuse(R"({"error":{"code":2014,"library":["Memory specification can not be satisfied"],)"
              R"("words":"Requested node configuration is not available"}})",
              "sbatch: error: Memory specification can not be satisfied\n"
              "sbatch: error: Batch job submission failed: Requested node configuration is not "
              "available\n");
  both_refuse(
      R"~({"error":{"code":1800,"library":[],"words":"Unable to contact slurm controller )~"
      R"~((connect failure)"}})~",
      "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect "
      "failure)\n");
  CHECK(slurm_lib.submitted({-1, true, "", ""}, one).kind == Kind::unanswered);
  CHECK(slurm_lib.submitted({0, false, "{\"job_id\":", ""}, one).kind == Kind::unanswered);
  // By sbatch, for a directive of the user's own.
  CHECK(slurm_lib.submitted({0, false, "12\n", ""}, one).job_ids == std::vector<std::string>{"12"});
}

TEST_CASE("the library's listing is squeue's") {
  const auto by_library = slurm_lib.seen(
      {0, false,
       R"({"jobs":[{"array":1,"element":0,"end":1795263944,"id":2,"minutes":60,"name":"pcl-x-1",)"
       R"("nodes":"node1","reason":"None","state":"RUNNING"},)"
       R"({"array":3,"element":2,"end":null,"id":3,"minutes":null,"name":"pcl-x-3","nodes":"",)"
       R"("reason":"PartitionDown","state":"PENDING"},)"
       R"({"array":null,"element":null,"end":1826796344,"id":2,"minutes":525600,)"
       R"("name":"pcl-x-2","nodes":"node[1-2]","reason":"None","state":"RUNNING"},)"
       R"({"array":null,"element":null,"end":1826796344,"id":5,"minutes":null,)"
       R"("name":"pcl-x-2","nodes":"node3","reason":"None","state":"RUNNING"},)"
       R"({"array":null,"element":null,"end":1795260000,"id":9,"minutes":60,"name":"pcl-x-4",)"
       R"("nodes":"node1","reason":"a|b","state":"COMPLETING"}]})",
       ""});
  const auto by_command =
      slurm.seen({0, false,
                  "1|0|pcl-x-1|RUNNING|1795263944|1:00:00|node1|None\n"
                  "3|2|pcl-x-3|PENDING|N/A|UNLIMITED||PartitionDown\n"
                  "2|N/A|pcl-x-2|RUNNING|1826796344|365-00:00:00|node[1-2]|None\n"
                  "5|N/A|pcl-x-2|RUNNING|1826796344|UNLIMITED|node3|None\n"
                  "9|N/A|pcl-x-4|COMPLETING|1795260000|1:00:00|node1|a|b\n",
                  ""});
  REQUIRE(by_library);
  CHECK(*by_library == *by_command);
  CHECK(slurm_lib.seen({0, false, R"({"jobs":[]})", ""})->empty());
  CHECK_FALSE(slurm_lib.seen({1, false, R"({"error":{"code":1800,"words":"away"}})", ""}));
  CHECK_FALSE(slurm_lib.seen({0, false, "no JSON", ""}));
  CHECK_FALSE(slurm_lib.seen({-1, true, R"({"jobs":[]})", ""}));
  CHECK(slurm_lib.seen({0, false, R"({"jobs":[7, {"id":"x"}]})", ""})->size() == 2);  // whatever
}

TEST_CASE("the library's partitions are scontrol's") {
  const auto limits = slurm_lib.limits_seen({0, false, limits_json, ""});
  REQUIRE(limits);
  REQUIRE(limits->size() == 2);
  const auto& [xs, drained] = std::tie((*limits)[0], (*limits)[1]);
  CHECK(xs.name == "8GBXS");
  CHECK(xs.is_default);
  CHECK(xs.up);
  CHECK(xs.max_cores == 4);
  CHECK(xs.max_memory_mb == 4000);
  CHECK(xs.memory_mb_per_core == 8000);
  CHECK(xs.max_time == 12 * 3600 * second);
  CHECK(xs.nodes == 3);
  CHECK_FALSE(drained.is_default);
  CHECK_FALSE(drained.up);
  CHECK(drained.max_time == 0);
  CHECK(drained.max_memory_mb_per_core == 3000);
  CHECK(drained.max_memory_mb == 0);
}

TEST_CASE("where the library serves") {
  const auto good = slurm_lib.fit({0, false, limits_json, ""});
  CHECK(good.works);
  CHECK(good.why.empty());
  const auto filtered = slurm_lib.fit(
      {0, false, replace_all(limits_json, R"("why":"")", R"("why":"sbatch has filters")"), ""});
  CHECK(filtered.works);  // when it is asked for
  CHECK(filtered.why == "sbatch has filters");
  const auto other =
      slurm_lib.fit({0, false,
                     replace_all(replace_all(limits_json, R"("fits":true)", R"("fits":false)"),
                                 R"("why":"")", R"("why":"23.02.1 runs here")"),
                     ""});
  CHECK_FALSE(other.works);
  CHECK(other.why == "23.02.1 runs here");
  const auto absent = slurm_lib.fit({127, false, "", "/b/pcluster-slurm: not found"});
  CHECK_FALSE(absent.works);
  CHECK(absent.why == "pcluster-slurm is not installed beside pcluster");
  const auto unlinked = slurm_lib.fit(
      {127, false, "",
       "pcluster-slurm: error while loading shared libraries: libslurm.so.38: cannot open"});
  CHECK(unlinked.why.find("libslurm.so.38") != std::string::npos);
  const auto away = slurm_lib.fit(
      {1, false, R"({"error":{"code":1800,"library":[],"words":"Unable to contact"}})", ""});
  CHECK_FALSE(away.works);
  CHECK(away.why == "Unable to contact");
  CHECK_FALSE(slurm_lib.fit({-1, true, "", ""}).works);
  CHECK_FALSE(slurm_lib.fit({139, false, "", ""}).works);
}
