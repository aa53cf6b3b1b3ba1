// Which partition a worker goes to: the smallest that fits, the cushion off, of an architecture
// that runs it.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/base/error.hpp"
#include "launcher/cli/route.hpp"
#include "tests/cli/center.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

const Machine machine{4, 16000, "x86_64"};

Plan plan_for(std::vector<std::string> words, const SiteProfile& site,
              const LiveLimits& live = {}) {
  return resolve(typed(std::move(words)), site, slurm, live, machine);
}

std::string partition_for(std::vector<std::string> words, const SiteProfile& site,
                          const LiveLimits& live = {}) {
  return plan_for(std::move(words), site, live).spec.partition;
}

std::string refused(std::vector<std::string> words, const SiteProfile& site,
                    const LiveLimits& live = {}) {
  try {
    return "accepted: " + partition_for(std::move(words), site, live);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return std::string(error.what()) + " | " + error.hint();
  }
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// As ESI's, with times.
SiteProfile classes() {
  SiteProfile site;
  site.name = "esi";
  site.memory_cushion_mb = 100;
  site.default_partition = "8GBS";
  site.prefer = {"*GBS"};
  for (const auto gb : {8u, 16u, 24u})
    for (const auto& [size, hours] : {std::pair{"XS", 12}, {"S", 24}, {"L", 120}})
      site.partitions.push_back({std::to_string(gb) + "GB" + size, gb * 1000, gb / 8,
                                 hours * 3600 * second, "x86_64", ""});
  site.partitions.push_back({"E880", 16000, 4, {}, "ppc64le", ""});
  return site;
}

}  // namespace

TEST_CASE("the smallest partition that fits, not the nearest; the preferred class among equals") {
  const auto site = classes();
  CHECK(partition_for({}, site) == "8GBS");  // no size: the default
  CHECK(partition_for({"-m", "5G"}, site) == "8GBS");
  CHECK(partition_for({"-m", "9000M"}, site) == "16GBS");  // 8 GB is nearer, and too small
  CHECK(partition_for({"-m", "9000M", "-t", "30h"}, site) == "16GBL");
  CHECK(partition_for({"-t", "30h"}, site) == "8GBL");
  CHECK(partition_for({"-p", "8GBXS", "-m", "9000M"}, site) == "8GBXS");  // said is said
  const auto plan = plan_for({"-m", "9000M"}, site);
  CHECK(plan.spec.per_node == Resources{2, 9000, 0});
  CHECK(plan.origins.at("partition") == "the smallest that fits");
  REQUIRE(plan.notes.size() == 1);
  CHECK(plan.notes[0] ==
        "partition 16GBS: the smallest that fits 8.8 GB (it offers 15.5 GB, 24h00m)");
}

TEST_CASE("a memory at the nominal limit does not fit: the cushion is the site's") {
  const auto plan = plan_for({"-m", "8000M"}, classes());
  CHECK(plan.spec.partition == "16GBS");
  CHECK(has(plan.notes.at(0), "8GBS would do with --memory 7900M"));
  CHECK(partition_for({"-m", "7900M"}, classes()) == "8GBS");
}

TEST_CASE("none fits: refused, with what the largest offers") {
  const auto text = refused({"-m", "64G", "-t", "1h"}, classes());
  CHECK(has(text, "no partition of site esi fits a worker with 64 GB, 1h00m"));
  CHECK(has(text, "the most is 23.3 GB (24GBXS), 5d00h (8GBL)"));
  CHECK(has(text, "--partition"));
  CHECK(has(refused({"--gpus", "1"}, classes()), "no GPU that"));
}

TEST_CASE("the live scheduler's limits count before the profile's, and what is down does not") {
  auto small = limits("16GBS", 0, 8800), open = limits("24GBS");
  CHECK(partition_for({"-m", "9000M"}, classes(), {{small, open}}) == "24GBS");
  open.up = false;
  CHECK(has(refused({"-m", "9000M"}, classes(), {{small, open}}), "8.5 GB (16GBS)"));
}

TEST_CASE("without a profile's partitions: the default when it fits, else the smallest that does") {
  SiteProfile site;
  site.name = "any";
  auto small = limits("small", 8, 8000), big = limits("big", 64, 256000), huge = limits("huge");
  auto staff = limits("staff", 64, 64000);
  small.is_default = true, staff.restricted = true;
  huge.node_memory_mb = 1000000, huge.node_cores = 128, huge.node_gpus = 4;
  const LiveLimits live{{huge, staff, small, big}};
  CHECK(partition_for({"-m", "4G"}, site, live).empty());
  CHECK(partition_for({"-m", "32G"}, site, live) == "big");
  CHECK(partition_for({"-c", "16"}, site, live) == "big");
  CHECK(partition_for({"-m", "500G"}, site, live) == "huge");
  CHECK(partition_for({"--gpus", "2"}, site, live) == "huge");
  CHECK(has(refused({"-m", "2T"}, site, live), "976.6 GB (huge)"));
  CHECK(partition_for({"-m", "2T"}, site).empty());  // nobody was asked
  CHECK(route_needs_nodes(typed({"-c", "2"}), site));
  CHECK_FALSE(route_needs_nodes(typed({"-t", "2h"}), site));
  CHECK_FALSE(route_needs_nodes(typed({"-c", "2"}), classes()));
}

TEST_CASE("a least that nobody asks for is taken; one that is not reached is told") {
  SiteProfile site;
  site.name = "negishi";
  SitePartition cpu{"cpu", {}, {}, {}, "", ""}, highmem{"highmem", {}, {}, {}, "", ""};
  cpu.max_memory_mb = 256 << 10, cpu.max_cores = 128;
  highmem.max_memory_mb = 1000 << 10, highmem.min_cores = 65;
  site.partitions = {cpu, highmem};
  CHECK(partition_for({"-m", "100G"}, site) == "cpu");
  const auto plan = plan_for({"-m", "300G"}, site);
  CHECK(plan.spec.partition == "highmem");
  CHECK(plan.spec.per_node.cores == 65);
  CHECK(has(refused({"-m", "300G", "-c", "8"}, site), "highmem wants at least 65 cores"));
}

TEST_CASE("another architecture needs a binary, of the site or of the user") {
  auto site = classes();
  const auto text = refused({"-p", "E880"}, site);
  CHECK(has(text, "partition E880 has ppc64le machines, and this pcluster is for x86_64"));
  CHECK(has(text, "--worker-binary PATH"));
  CHECK(plan_for({"-p", "E880", "--worker-binary", "/p"}, site).spec.worker_binary == "/p");
  CHECK(has(refused({"-m", "20G", "-c", "4", "-t", "121h"}, site), "no partition"));
  site.worker_binary = {{"ppc64le", "/opt/ppc/pcluster"}};
  CHECK(plan_for({"-p", "E880"}, site).spec.worker_binary == "/opt/ppc/pcluster");
  CHECK(plan_for({"-t", "121h"}, site).spec.partition == "E880");  // its time is not known
  CHECK(plan_for({"-p", "8GBS"}, site).spec.worker_binary.empty());
}

TEST_CASE("the site's rule says how many cores a memory is worth") {
  SiteProfile site;
  site.name = "cobic";
  site.partitions = {{"16GBSppc", 16000, {}, {}, "", ""}};
  site.cores_rule.memory_mb_per_core = {{"x86_64", 8200}};
  CHECK(plan_for({"-p", "16GBSppc"}, site).spec.per_node.cores == 1);
  site.cores_rule.round = true;
  CHECK(plan_for({"-p", "16GBSppc"}, site).spec.per_node.cores == 2);
  CHECK(
      plan_for({"-p", "16GBSppc"}, site, {{limits("16GBSppc", 0, 0, 4000)}}).spec.per_node.cores ==
      4);
}

TEST_CASE("what a site requires, and says for its jobs") {
  auto site = classes();
  site.ports = {60001, 63000}, site.interface = {"172.18.90.*"}, site.qos = "normal";
  site.manners = {300, 100, 10 * second, 60 * second};
  site.timeout = 120 * second, site.warning = 90 * second;
  site.partitions[0].qos = "short";
  auto plan = plan_for({"-p", "8GBXS"}, site);
  CHECK(plan.spec.qos == "short");
  CHECK(plan.spec.ports == PortRange{60001, 63000});
  CHECK(plan.spec.manners == site.manners);
  CHECK(plan.spec.warning == 90 * second);
  CHECK(plan.timeout == 120 * second);
  CHECK(plan.interface == site.interface);
  plan = plan_for({"--qos", "mine", "--ports", "7000-7010", "--interface", "ib0"}, site);
  CHECK(plan.spec.qos == "mine");
  CHECK(plan.spec.ports == PortRange{7000, 7010});
  CHECK(plan.interface == std::vector<std::string>{"ib0"});
  const auto other = resolve(typed({"--qos", "q"}), site, pbs, {}, machine);
  CHECK(has(other.notes.back(), "no directive for --qos"));
  site.time_required = true;
  CHECK(has(refused({}, site), "--time"));
  site.account_required = true;
  try {
    require_account({}, site, {"lab7", "lab8"});
    FAIL("no Error");
  } catch (const Error& error) { CHECK(has(error.hint(), "yours: lab7, lab8")); }
}
