// Profiles as text read back as the same; differences to the live scheduler; a profile of it.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "launcher/cli/site_text.hpp"
#include "launcher/cli/sites.hpp"
#include "tests/cli/center.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

std::string shown(const SiteProfile& site) {
  std::string text;
  for (const auto& row : site_rows(site)) text += row.key + "=" + row.value + "\n";
  return text;
}

std::vector<std::string> lines_of(const std::vector<SiteDifference>& all) {
  std::vector<std::string> texts;
  for (const auto& each : all)
    texts.push_back(each.partition + " " + each.what + ": " + each.profile + " -> " + each.live +
                    (each.counts ? "" : " (not said)"));
  return texts;
}

}  // namespace

TEST_CASE("every profile that we ship is the same when it is written and read again") {
  for (const auto& site : read_sites(std::string(PCLUSTER_SOURCE))) {
    INFO(site.name);
    const auto again = parse_site(site_yaml(site, "heading\nof two lines"), site.file);
    CHECK(shown(again) == shown(site));
    for (const auto& row : site_rows(site)) CHECK_FALSE(row.source.empty());
  }
}

TEST_CASE("a profile with everything in it is the same when it is read again") {
  const auto site = parse_site(R"(site: "a b: c"
scheduler: x
cores_rule: {rounding: nearest, memory_per_core: {ppc64le: 4000M}}
worker_binary: {ppc64le: /opt/p, x86_64: "/opt/x: y"}
ports: 60001-63000
interface: ["172.18.90.*"]
submit_every: 100ms
poll: 5m
mpi: {kind: mpich, arguments: [-x, "a\"b"], environment: {A: "1: 2"}, span_jobs: false}
limits: {max_cores: 4, max_time: 1d}
prologue: ["echo \"hi\" # x", '- y']
partitions:
  "8:GB": {memory: 5G, max_memory_per_core: 100M, min_time: 90s, qos: "q,r", gpus: 0}
  none:
)",
                               "f");
  CHECK(shown(parse_site(site_yaml(site, ""), "f")) == shown(site));
  CHECK(site.partitions[0].gpus == 0u);
}

TEST_CASE("differences to the live scheduler; what a profile does not say is none") {
  SiteProfile site;
  site.name = "here";
  site.exclude = {"staff"};
  SitePartition cpu{"cpu", {}, {}, 3600 * second, "x86_64", ""};
  cpu.max_memory_mb = 64000, cpu.max_cores = 32;
  site.partitions = {cpu, {"gone", {}, {}, {}, "", ""}, {"8GBS", 8000, 1, {}, "", ""}};
  auto same = limits("cpu", 32, 64000, 0, 3600 * second),
       nominal = limits("8GBS", 0, 0, 8000, 60 * second);
  nominal.node_memory_mb = 384000, nominal.node_cores = 48;
  auto live = std::vector{same, nominal, limits("staff"), limits("fresh")};
  CHECK(lines_of(site_differences(site, live)) ==
        std::vector<std::string>{"gone partition: there -> missing",
                                 "8GBS time: not said -> 1m00s (not said)",
                                 "fresh partition: missing -> there"});
  live[0].max_memory_mb = 0, live[0].node_memory_mb = 63000, live[0].max_cores = 16;
  live[0].max_time = 7200 * second, live[0].arch = "ppc64le";
  const auto texts = lines_of(site_differences(site, {live[0]}));
  CHECK(std::ranges::count(texts, "cpu memory: 64000 MB -> 63000 MB") == 1);
  CHECK(std::ranges::count(texts, "cpu cores: 32 -> 16") == 1);
  CHECK(std::ranges::count(texts, "cpu time: 1h00m -> 2h00m") == 1);
  CHECK(std::ranges::count(texts, "cpu arch: x86_64 -> ppc64le") == 1);
}

TEST_CASE("a profile of what the scheduler says does not differ from it") {
  auto cpu = limits("cpu", 0, 0, 4000, 3600 * second), staff = limits("staff");
  cpu.node_cores = 64, cpu.node_memory_mb = 256000, cpu.node_gpus = 2, cpu.arch = "x86_64";
  cpu.is_default = true, cpu.nodes = 7, staff.restricted = true;
  const auto live = std::vector{cpu, staff};
  const auto site = site_from_live("mine", slurm, live, "the live one");
  CHECK(site.default_partition == "cpu");
  CHECK(site.exclude == std::vector<std::string>{"staff"});
  CHECK(site.partitions.at(0).max_memory_mb == 256000u);
  CHECK_FALSE(site.verified_on);
  CHECK(site_differences(parse_site(site_yaml(site, "x"), "f"), live).empty());
}
