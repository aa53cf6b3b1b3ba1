// Rendered job scripts against the golden ones beside this file (PCLUSTER_UPDATE_GOLDEN=1 writes
// them anew; read the difference before you commit it).
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "adapters/adapter.hpp"
#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/script/site.hpp"
#include "tests/adapters/rendered.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

std::string error_of(const JobSpec& spec, const JobIdentity& job) {
  try {
    render_job_script(slurm, spec, job);
    return "rendered";
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    CHECK_FALSE(std::string(error.what()).empty());
    return error.what();
  }
}

}  // namespace

TEST_CASE("one job of Slurm, nothing asked for") {
  check_golden("slurm-one.sh", render_job_script(slurm, spec_for(slurm), identity(1)));
}

TEST_CASE("an array of Slurm jobs with everything") {
  auto spec = spec_for(slurm);
  spec.partition = "long";
  spec.account = "lab7";
  spec.nodes = 2;
  spec.per_node = {6, 10000, 1};
  spec.time = 36 * 3600 * second;
  spec.slots = 3;
  spec.mem_mode = "cpu";
  spec.local_directory = "/scratch/$USER";
  spec.drop_directives = {"--no-requeue", "chdir"};
  spec.directives = {"--constraint=haswell", "#SBATCH --qos=high"};
  spec.setup = {"module load openmpi", "export A=\"b c\""};
  check_golden("slurm-array.sh", render_job_script(slurm, spec, identity(10)));
}

TEST_CASE("ESI's 16GBXL") {
  const auto site = parse_site(text_of("site-configs/esi.yaml"), "esi.yaml");
  auto spec = spec_for(slurm);
  spec.mem_mode = site.mem_mode;
  spec.slots = *site.slots_per_worker;
  for (const auto& partition : site.partitions) {
    if (partition.name != "16GBXL") continue;
    spec.partition = partition.name;
    spec.per_node = {*partition.cores, *partition.memory_mb - site.memory_cushion_mb, 0};
  }
  check_golden("slurm-esi.sh", render_job_script(slurm, spec, identity(10)));
}

TEST_CASE("values that would like to be code") {
  auto spec = spec_for(slurm);
  spec.partition = "a b";
  spec.account = "it's \"me\" # $(id)";
  spec.worker_binary = "/opt/it's $(id) `id`/pcluster";
  spec.local_directory = "/tmp/a\nb; rm -rf x\n#SBATCH --wrap=id";
  spec.setup = {"echo 'user''s own'"};
  auto job = identity(2);
  job.directory = "/home/a\"b $(id)/100%";
  check_golden("slurm-nasty.sh", render_job_script(slurm, spec, job));
}

TEST_CASE("a local job") {
  auto spec = spec_for(local);
  spec.per_node = {2, 4000, 0};
  spec.setup = {"module load neuron"};
  check_golden("local.sh", render_job_script(local, spec, identity(3)));
}

TEST_CASE("prologue and epilogue, one node and several") {
  auto spec = with_everything(slurm);
  spec.partition = "long", spec.account = "lab7";
  spec.directives = {"--constraint=haswell"};
  spec.drop_directives = {"no-requeue"};
  check_golden("slurm-everything.sh", render_job_script(slurm, spec, identity(4)));
  spec.nodes = 3;
  check_golden("slurm-nodes-epilogue.sh", render_job_script(slurm, spec, identity(1)));
  spec.epilogue.clear();
  spec.nodes = 1;
  check_golden("slurm-prologue.sh", render_job_script(slurm, spec, identity(1)));
}

TEST_CASE("local jobs of every shape") {
  check_golden("local-plain.sh", render_job_script(local, spec_for(local), identity(1)));
  check_golden("local-everything.sh",
               render_job_script(local, with_everything(local), identity(3)));
}

TEST_CASE("awkward values, in setup and epilogue too") {
  auto job = identity(2);
  job.directory = "/home/Jürgen o'Neil/$x \"y\"/50%";
  check_golden("slurm-awkward.sh", render_job_script(slurm, awkward(slurm), job));
  check_golden("local-awkward.sh", render_job_script(local, awkward(local), job));
}

TEST_CASE("a template that would start no worker, or jobs that we could not find") {
  auto spec = spec_for(slurm);
  spec.job_template = "#!/bin/bash\n{{#directives}}\n#SBATCH {{.}}\n{{/directives}}\nsleep 1\n";
  CHECK(error_of(spec, identity(1)).find("slurm.sh: `{{worker_command}}` is not in it") == 0);
  spec.job_template = "#!/bin/bash\n#SBATCH --mem=1G\nexec {{worker_command}}\n";
  CHECK(error_of(spec, identity(1)).find("slurm.sh: `{{#directives}}` is not in it") == 0);
  spec.adapter = local.name;
  CHECK(render_job_script(local, spec, identity(1)).find("exec /opt/pcluster") !=
        std::string::npos);
}

TEST_CASE("docs/job-scripts.md lists the fields that there are, and only those") {
  const auto text = text_of("docs/job-scripts.md");
  std::vector<std::string> listed;
  for (const auto& line : lines(text))
    if (line.starts_with("| `")) listed.push_back(line.substr(3, line.find('`', 3) - 3));
  std::ranges::sort(listed);
  for (const auto* adapter : adapters()) CHECK(template_fields(*adapter) == listed);
}

TEST_CASE("what cannot be rendered is an error that says why") {
  auto spec = spec_for(slurm);
  spec.partition = "x\n#SBATCH --wrap=id";
  CHECK(error_of(spec, identity(1)).find("holds a line break") != std::string::npos);
  spec = spec_for(slurm);
  spec.job_template = "#!/bin/sh\n{{jobid}}\n";
  CHECK(error_of(spec, identity(1)) ==
        "slurm.sh:2: unknown field `jobid` (did you mean `job_id`?)");
  spec = spec_for(slurm);
  spec.worker_binary = "pcluster";
  CHECK(error_of(spec, identity(1)).find("absolute path") != std::string::npos);
  spec = spec_for(slurm);
  spec.drop_directives = {"memory"};
  CHECK(error_of(spec, identity(1)).find("\"memory\" is none of the directives") == 0);
  spec = spec_for(slurm);
  for (const auto* directive : {"--array=0-3", "-J x", "--job-name=x"}) {
    spec.directives = {directive};
    CHECK(error_of(spec, identity(1)).find("pcluster sets ") == 0);
  }
  for (const auto* directive : {"partition=x", "", "--"}) {
    spec.directives = {directive};
    CHECK(error_of(spec, identity(1)).find("is not a directive of Slurm") != std::string::npos);
  }
  spec = spec_for(slurm);
  auto job = identity(1);
  job.directory = "/home/a\\b";
  CHECK(error_of(spec, job).find("backslash") != std::string::npos);
}
