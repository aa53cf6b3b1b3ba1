// Profiles and configuration: every key is read, every mistake is named with its line.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "launcher/base/error.hpp"
#include "launcher/script/site.hpp"

using namespace pcluster;

namespace {

const std::filesystem::path profiles = std::string(PCLUSTER_SOURCE) + "/site-configs";

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

template <class Parse>
std::string error_of(Parse parse, const std::string& yaml, const std::string& file) {
  try {
    parse(yaml, file);
    return "accepted";
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return error.what();
  }
}
std::string site_error(const std::string& yaml) { return error_of(parse_site, yaml, "esi.yaml"); }
std::string config_error(const std::string& yaml) {
  return error_of(parse_configuration, yaml, "config.yaml");
}

}  // namespace

TEST_CASE("every profile that we ship can be read and is named after its file") {
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(profiles)) {
    if (entry.path().extension() != ".yaml") continue;
    ++seen;
    INFO(entry.path());
    const auto site = parse_site(text_of(entry.path()), entry.path().filename());
    CHECK(site.name == entry.path().stem());
    CHECK_FALSE(site.source.empty());
    CHECK_FALSE(site.verified_on);
  }
  CHECK(seen >= 3);
}

TEST_CASE("ESI as its sources tell it") {
  const auto site = parse_site(text_of(profiles / "esi.yaml"), "esi.yaml");
  CHECK(site.scheduler == "slurm");
  CHECK(site.detect_hostnames == std::vector<std::string>{"esi-sv*"});
  CHECK(site.detect_paths == std::vector<std::string>{"/cs"});
  CHECK(site.slots_per_worker == 1);
  CHECK(site.memory_cushion_mb == 100);
  CHECK(site.exclude == std::vector<std::string>{"PREPO", "ESI", "DEV", "PPC"});
  std::string shape;
  for (const auto& p : site.partitions) {
    shape += p.name + ":" + std::to_string(*p.cores) + ":" + std::to_string(*p.memory_mb) + " ";
    CHECK_FALSE(p.max_time);  // no source tells it
    CHECK_FALSE(p.source.empty());
  }
  CHECK(shape ==
        "8GBXS:1:8000 8GBS:1:8000 8GBL:1:8000 16GBXS:2:16000 16GBS:2:16000 16GBL:2:16000 "
        "16GBXL:2:16000 24GBXS:3:24000 24GBS:3:24000 24GBL:3:24000 E880:4:16000 ");
}

TEST_CASE("all keys of a profile") {
  const auto site = parse_site(R"(site: x
scheduler: slurm
description: d
source: s
verified_on: 2026-11-21
detect: {hostname: [a*, b], path: [/x, /y]}
mem_mode: cpu
memory_cushion: 1G
slots_per_worker: null
default_partition: p
account: a
account_required: yes
state_dir: /s
local_directory: /l
setup: |
  module load x
  export A='b c'
directives: [--x=1]
drop_directives: [mem, time]
job_template: x.sh
mpi:
  mpiexec: /opt/mpi/bin/mpiexec
  kind: openmpi5
  arguments: [--mca, btl_tcp_if_include, ib0]
  environment: {UCX_TLS: "rc,sm", OMPI_MCA_pml: ucx, N: 1}
  span_jobs: false
partitions:
  p: {memory: 2G, cores: 4, max_time: 1-00:00:00, arch: x86_64, source: q}
  q:
exclude: z
)",
                               "x.yaml");
  CHECK(site.description == "d");
  CHECK(site.verified_on == "2026-11-21");
  CHECK(site.detect_hostnames == std::vector<std::string>{"a*", "b"});
  CHECK(site.detect_paths == std::vector<std::string>{"/x", "/y"});
  CHECK(site.mem_mode == "cpu");
  CHECK(site.memory_cushion_mb == 1024);
  CHECK_FALSE(site.slots_per_worker);
  CHECK(site.default_partition == "p");
  CHECK(site.account == "a");
  CHECK(site.account_required);
  CHECK(site.state_dir + site.local_directory == "/s/l");
  CHECK(site.setup == std::vector<std::string>{"module load x", "export A='b c'"});
  CHECK(site.directives == std::vector<std::string>{"--x=1"});
  CHECK(site.drop_directives == std::vector<std::string>{"mem", "time"});
  CHECK(site.job_template == "x.sh");
  CHECK(site.mpi.mpiexec == "/opt/mpi/bin/mpiexec");
  CHECK(site.mpi.kind == "openmpi5");
  CHECK(site.mpi.arguments == std::vector<std::string>{"--mca", "btl_tcp_if_include", "ib0"});
  CHECK(site.mpi.environment ==
        Environment{{"UCX_TLS", "rc,sm"}, {"OMPI_MCA_pml", "ucx"}, {"N", "1"}});
  CHECK_FALSE(site.mpi.span_jobs);
  REQUIRE(site.partitions.size() == 2);
  CHECK(site.partitions[0].memory_mb == 2048);
  CHECK(site.partitions[0].max_time == 86400 * second);
  CHECK(site.partitions[0].arch == "x86_64");
  CHECK_FALSE(site.partitions[1].memory_mb);
  CHECK(site.exclude == std::vector<std::string>{"z"});
}

TEST_CASE("mistakes in a profile are named") {
  const std::string start = "site: x\nscheduler: slurm\n";
  CHECK(site_error(start + "default_parition: x") ==
        "esi.yaml:3: unknown key `default_parition` (did you mean `default_partition`?)");
  CHECK(site_error(start + "partitions:\n  a: {cores: 1}\n  b: {core: 2}") ==
        "esi.yaml:5: unknown key `core` (did you mean `cores`?)");
  CHECK(site_error(start + "detect: {hostnam: x}") ==
        "esi.yaml:3: unknown key `hostnam` (did you mean `hostname`?)");
  CHECK(site_error(start + "site: y") == "esi.yaml:3: key `site` is given twice");
  CHECK(site_error(start + "partitions:\n  a:\n  a:") ==
        "esi.yaml:5: partition `a` is given twice");
  CHECK(site_error("site: x\n") == "esi.yaml: key `scheduler` is missing");
  CHECK(site_error("scheduler: slurm") == "esi.yaml: key `site` is missing");
  CHECK(site_error("") == "esi.yaml:1: `the profile` must be a map of keys and values, not empty");
  CHECK(site_error("- a") ==
        "esi.yaml:1: `the profile` must be a map of keys and values, not a list");
  CHECK(site_error("a: [1\nb: 2").find("esi.yaml:2: not YAML: ") == 0);
  CHECK(site_error(start + "mem_mode: nodes") ==
        "esi.yaml:3: `mem_mode` must be one of node, cpu, none, not `nodes` (did you mean "
        "\"node\"?)");
  CHECK(site_error(start + "account_required: maybe") ==
        "esi.yaml:3: `account_required` must be true or false, not `maybe`");
  CHECK(site_error(start + "slots_per_worker: 0").find("must be at least 1") != std::string::npos);
  CHECK(site_error(start + "partitions: [a]") ==
        "esi.yaml:3: `partitions` must be a map from names to what each offers, not a list");
  CHECK(site_error(start + "partitions:\n  a: {cores: two}") ==
        "esi.yaml:4: `cores` must be a whole number, not `two`");
  CHECK(site_error(start + "setup: {a: b}") ==
        "esi.yaml:3: `setup` must be a list of texts, not a map");
  CHECK(site_error(start + "setup: [a, [b]]") ==
        "esi.yaml:3: `setup[1]` must be a text, not a list");
}

TEST_CASE("what a profile says of MPI") {
  const std::string start = "site: x\nscheduler: slurm\n";
  for (const auto* nothing : {"", "mpi:", "mpi: {}", "mpi: {kind: null, environment: {}}"})
    CHECK(parse_site(start + nothing, "x").mpi == MpiSettings{});
  for (const auto& kind : mpi_kinds())
    CHECK(parse_site(start + "mpi: {kind: " + kind + "}", "x").mpi.kind == kind);
  CHECK(site_error(start + "mpi:\n  kind: mpich\n  mpiexe: x") ==
        "esi.yaml:5: unknown key `mpiexe` (did you mean `mpiexec`?)");
  CHECK(site_error(start + "mpi:\n  span_job: true") ==
        "esi.yaml:4: unknown key `span_job` (did you mean `span_jobs`?)");
  CHECK(site_error(start + "mpi: {kind: openmpi}") ==
        "esi.yaml:3: `kind` must be one of openmpi4, openmpi5, mpich, intel, not `openmpi` (did "
        "you mean \"openmpi4\"?)");
  CHECK(site_error(start + "mpi: mpich") ==
        "esi.yaml:3: `mpi` must be a map of keys and values, not `mpich`");
  CHECK(site_error(start + "mpi: {mpiexec: bin/mpiexec}") ==
        "esi.yaml:3: `mpiexec` must be a program's name, or its path from the root, not "
        "`bin/mpiexec`");
  CHECK(site_error(start + "mpi: {arguments: --mca pml ob1}") ==
        "esi.yaml:3: `arguments` must be a list of words, not `--mca pml ob1`");
  CHECK(site_error(start + "mpi:\n  environment: {A: x,\n   B-C: y}") ==
        "esi.yaml:5: `B-C` is no name of a variable");
  CHECK(site_error(start + "mpi: {environment: {A: x, A: y}}") ==
        "esi.yaml:3: key `A` is given twice");
  CHECK(site_error(start + "mpi: {environment: [A=x]}") ==
        "esi.yaml:3: `environment` must be a map of keys and values, not a list");
  CHECK(site_error(start + "mpi: {environment: {A: [x]}}") ==
        "esi.yaml:3: `A` must be a text, not a list");
  CHECK(site_error(start + "mpi: {span_jobs: perhaps}") ==
        "esi.yaml:3: `span_jobs` must be true or false, not `perhaps`");
}

TEST_CASE("all keys of the configuration") {
  const auto c = parse_configuration(R"(site: esi
partition: 16GBXL
account: a
jobs: 10
nodes: 2
cores: 4
memory: 8G
time: 2h
num_engines: 3
min_workers: 5
timeout: 360
idle_timeout: 0
orphan_timeout: 10m
local_directory: /scratch
setup: [source x]
directives: [--a]
drop_directives: [mem]
cluster: c
pool: p
)",
                                     "config.yaml");
  CHECK(*c.site + *c.partition + *c.account + *c.cluster + *c.pool == "esi16GBXLacp");
  CHECK(c.jobs == 10);
  CHECK(c.nodes == 2);
  CHECK(c.cores == 4);
  CHECK(c.memory_mb == 8192);
  CHECK(c.time == 7200 * second);
  CHECK(c.num_engines == 3);
  CHECK(c.min_workers == 5);
  CHECK(c.timeout == 360 * second);
  CHECK(c.idle_timeout == 0);
  CHECK(c.orphan_timeout == 600 * second);
  CHECK(c.local_directory == "/scratch");
  CHECK(c.setup.size() + c.directives.size() + c.drop_directives.size() == 3);
}

TEST_CASE("mistakes in the configuration are named") {
  CHECK(config_error("site: esi\nparition: 16GBXL") ==
        "config.yaml:2: unknown key `parition` (did you mean `partition`?)");
  CHECK(config_error("jobs: -1") == "config.yaml:1: `jobs` must be a whole number, not `-1`");
  CHECK(config_error("jobs: [1]") == "config.yaml:1: `jobs` must be a whole number, not a list");
  CHECK(config_error("memory: 8Q").find("config.yaml:1: `memory`: \"8Q\" is not an amount") == 0);
  CHECK(config_error("time: soon").find("config.yaml:1: `time`: \"soon\" is not a duration") == 0);
  CHECK(config_error("time: 60") == "config.yaml:1: `time`: 60 what?");
  CHECK_FALSE(parse_configuration("", "c").jobs);
  CHECK_FALSE(parse_configuration("# nothing\njobs: null\n", "c").jobs);
}
