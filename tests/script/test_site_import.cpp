// Snakemake's partition files: what has a place becomes a profile, what has none is named.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/base/error.hpp"
#include "launcher/script/site_import.hpp"

using namespace pcluster;

TEST_CASE("partitions of Snakemake's executor, and the fields that have no place here") {
  const auto [site, notes] = import_partitions(R"(
partitions:
  short:
    max_runtime: 720
    max_mem_mb: 64000
    max_cpus_per_task: 48
    max_threads: 32
  gpu:
    max_runtime: 2d
    max_mem_mb_per_cpu: 4000
    max_gpu: 4
    max_nodes: 2
    cluster: other
    available_gpu_models: [a100, h100]
    max_tasks: null
  any:
)",
                                               "p.yaml");
  REQUIRE(site.partitions.size() == 3);
  const auto& small = site.partitions[0];
  CHECK(small.name == "short");
  CHECK(small.max_time == 720 * 60 * second);
  CHECK(small.max_memory_mb == 64000u);
  CHECK(small.max_cores == 32u);
  CHECK(small.source == "p.yaml");
  const auto& gpu = site.partitions[1];
  CHECK(gpu.max_time == 48 * 3600 * second);
  CHECK(gpu.max_memory_mb_per_core == 4000u);
  CHECK(gpu.gpus == 4u);
  CHECK(gpu.max_nodes == 2u);
  CHECK(notes ==
        std::vector<std::string>{"gpu.cluster: other", "gpu.available_gpu_models: [a100, h100]"});
}

TEST_CASE("a file without partitions, and a value that is none") {
  const auto error = [](std::string_view yaml) -> std::string {
    try {
      import_partitions(yaml, "p.yaml");
      return "accepted";
    } catch (const Error& wrong) { return wrong.what(); }
  };
  CHECK(error("rules: {}") == "p.yaml:1: no `partitions:` in it");
  CHECK(error("partitions: {a: {max_runtime: soon}}").find("p.yaml:1: `max_runtime`") == 0);
  CHECK(error("partitions: {a: {max_mem_mb: -1}}").find("whole number") != std::string::npos);
}
