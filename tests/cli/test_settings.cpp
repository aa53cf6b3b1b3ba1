// Where the values of a submit come from, and that no key of the configuration is left out.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/cli/center.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

Plan plan_for(const Configuration& asked, const LiveLimits& live = {}) {
  return resolve(asked, center(), slurm, live, {4, 16000});
}

}  // namespace

TEST_CASE("the origin of a value goes with it, through layers, site and live limits") {
  const auto file =
      parse_configuration("partition: 16GBXL\ntime: 5h\nsetup: from file\n", "c.yaml");
  const auto asked = layer(layer(typed({"--jobs", "3", "--setup", "typed"}),
                                 settings_from(Variables{{"PCLUSTER_POOL", "big"}})),
                           file);
  auto plan = plan_for(asked, std::vector{limits("16GBXL", 0, 9000, 0, 3600 * second)});
  const auto from = [&](const char* key) { return plan.origins[key]; };
  CHECK(from("jobs") == "command line");
  CHECK(from("pool") == "PCLUSTER_POOL");
  CHECK(from("partition") == "c.yaml:1");
  CHECK(from("cores") == "partition 16GBXL of site center");
  CHECK(from("memory") == "live scheduler, which caps 15.9 GB (partition 16GBXL of site center)");
  CHECK(from("time") == "live scheduler, which caps 5h00m (c.yaml:2)");
  CHECK(from("num_engines") == "site center");
  CHECK(from("setup") == "site center, c.yaml:3, command line");
  CHECK(from("epilogue") == "default");
  CHECK(from("min_workers") == "default");
  plan = plan_for(typed({}));
  CHECK(from("partition") == "site center");
  CHECK(from("account") == "default");
  plan = plan_for(typed({"-p", "OPEN"}), std::vector{limits("OPEN", 0, 0, 500)});
  CHECK(from("memory") == "live scheduler");
  CHECK(from("cores") == "default");
}

TEST_CASE("every key of the configuration is a setting and reaches the plan with its line") {
  const std::vector<std::pair<std::string, std::string>> values{{"site", "center"},
                                                                {"partition", "16GBXL"},
                                                                {"account", "lab7"},
                                                                {"jobs", "3"},
                                                                {"nodes", "2"},
                                                                {"cores", "5"},
                                                                {"memory", "3G"},
                                                                {"time", "7m"},
                                                                {"num_engines", "4"},
                                                                {"min_workers", "2"},
                                                                {"timeout", "8m"},
                                                                {"idle_timeout", "9m"},
                                                                {"orphan_timeout", "10m"},
                                                                {"local_directory", "/x"},
                                                                {"setup", "[a]"},
                                                                {"prologue", "[b]"},
                                                                {"epilogue", "[c]"},
                                                                {"template", "t.sh"},
                                                                {"directives", "[--d]"},
                                                                {"drop_directives", "[mem]"},
                                                                {"cluster", "other"},
                                                                {"pool", "big"},
                                                                {"slurm_via", "cli"},
                                                                {"time_min", "5m"},
                                                                {"warning", "2m"},
                                                                {"qos", "long"},
                                                                {"gpus", "2"},
                                                                {"ports", "60001-60009"},
                                                                {"interface", "[ib0]"},
                                                                {"worker_binary", "/w"},
                                                                {"exclude_nodes", "[n3]"}};
  std::string yaml;
  std::vector<std::string> keys;
  for (const auto& [key, value] : values) {
    keys.push_back(key);
    yaml += key + ": " + value + "\n";
  }
  CHECK(keys == configuration_keys());
  const auto asked = layer({}, parse_configuration(yaml, "c"));
  CHECK(asked.site == "center");
  CHECK(asked.cluster == "other");
  CHECK(asked.job_template == "t.sh");
  const auto plan = plan_for(asked);
  CHECK(plan.spec.partition == "16GBXL");
  CHECK(plan.spec.account == "lab7");
  CHECK(plan.jobs == 3);
  CHECK(plan.spec.nodes == 2);
  CHECK(plan.spec.per_node == Resources{5, 3072, 2});
  CHECK(plan.spec.time == 420 * second);
  CHECK(plan.spec.slots == 4);
  CHECK(plan.min_workers == 2);
  CHECK(plan.timeout == 480 * second);
  CHECK(plan.idle_timeout == 540 * second);
  CHECK(plan.orphan_timeout == 600 * second);
  CHECK(plan.spec.local_directory == "/x");
  CHECK(plan.spec.setup.back() == "a");
  CHECK(plan.spec.prologue.back() == "b");
  CHECK(plan.spec.epilogue.back() == "c");
  CHECK(plan.spec.directives.back() == "--d");
  CHECK(plan.spec.drop_directives.back() == "mem");
  CHECK(plan.pool == "big");
  CHECK(plan.spec.qos == "long");
  CHECK(plan.spec.ports == PortRange{60001, 60009});
  CHECK(plan.interface == std::vector<std::string>{"ib0"});
  CHECK(plan.spec.worker_binary == "/w");
  CHECK(plan.spec.exclude_nodes == std::vector<std::string>{"n3"});
  CHECK(plan.spec.time_min == 300 * second);
  CHECK(plan.spec.warning == 120 * second);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    INFO(keys[i]);
    CHECK(std::ranges::count(settings(), keys[i], &Setting::key) == 1);
    const auto chosen_elsewhere = keys[i] == "site" || keys[i] == "slurm_via" ||
                                  keys[i] == "cluster" || keys[i] == "template";
    const auto& origins = chosen_elsewhere ? asked.origins : plan.origins;
    CHECK(origins.at(keys[i]).ends_with("c:" + std::to_string(i + 1)));
  }
}

TEST_CASE("a variable that is nearly one of ours is told; a task's are not") {
  const auto notes = unknown_variables(
      Variables{{"PCLUSTER_PARTITON", "x"}, {"PCLUSTER_DIR", "x"}, {"PCLUSTER_JOBS", "1"}});
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] == "PCLUSTER_PARTITON sets nothing (did you mean PCLUSTER_PARTITION?)");
  CHECK(unknown_variables(Variables{{"PCLUSTER_PARTITON", "x"}, {"PCLUSTER_TASK", "1.0"}}).empty());
}
