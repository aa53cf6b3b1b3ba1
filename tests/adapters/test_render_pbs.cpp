// Job scripts of PBS and Torque, and what their `#PBS` lines may hold.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "tests/adapters/rendered.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

std::string error_of(const Adapter& adapter, const JobSpec& spec, std::uint32_t count = 1) {
  try {
    render_job_script(adapter, spec, identity(count));
    return "rendered";
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    CHECK_FALSE(error.hint().empty());
    return error.what();
  }
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::ranges::find(lines, line) != lines.end();
}

std::vector<std::string> lines_of(const Adapter& adapter, std::vector<std::string> users,
                                  std::vector<std::string> dropped = {}) {
  auto spec = spec_for(adapter);
  spec.per_node = {4, 8000, 0};
  spec.time = 3600 * second;
  spec.directives = std::move(users);
  spec.drop_directives = std::move(dropped);
  return adapter.directives(spec, identity(2));
}

}  // namespace

TEST_CASE("PBS: a job, an array with everything, several nodes") {
  check_golden("pbs-one.sh", render_job_script(pbs, spec_for(pbs), identity(1)));
  auto spec = with_everything(pbs);
  spec.partition = "small", spec.account = "lab7";
  spec.time = 36 * 3600 * second;
  spec.directives = {"-m n", "#PBS -l license=2"};
  check_golden("pbs-everything.sh", render_job_script(pbs, spec, identity(10)));
  spec.nodes = 3;
  spec.epilogue.clear();
  check_golden("pbs-nodes.sh", render_job_script(pbs, spec, identity(1)));
}

TEST_CASE("Torque: a job, an array with everything, several nodes") {
  check_golden("torque-one.sh", render_job_script(torque, spec_for(torque), identity(1)));
  auto spec = with_everything(torque);
  spec.partition = "small", spec.account = "lab7";
  check_golden("torque-everything.sh", render_job_script(torque, spec, identity(10)));
  spec.nodes = 3;
  spec.mem_mode = "cpu";
  check_golden("torque-nodes.sh", render_job_script(torque, spec, identity(1)));
}

TEST_CASE("awkward values in #PBS lines: quoted, or an error") {
  auto job = identity(2);
  job.directory = "/home/Jürgen o'Neil/$x \"y\"";
  for (const auto* adapter : {&pbs, &torque}) {
    auto spec = awkward(*adapter);
    spec.partition = "a b", spec.account = "it's";
    check_golden(std::string(adapter->name) + "-awkward.sh",
                 render_job_script(*adapter, spec, job));
    spec.account = "it's \"me\"";
    CHECK(error_of(*adapter, spec).find("both kinds of quotes") != std::string::npos);
    spec = spec_for(*adapter);
    spec.partition = "small@elsewhere";
    CHECK(error_of(*adapter, spec).find("another server") != std::string::npos);
    spec.partition = "x\n#PBS -l nodes=100";
    CHECK(error_of(*adapter, spec).find("holds a line break") != std::string::npos);
  }
}

TEST_CASE("the user's own directive takes the place of ours: of two, PBS obeys the first") {
  const auto lines = lines_of(pbs, {"-l select=1:ncpus=9:host=n1", "#PBS -lwalltime=5", "-j n"});
  CHECK(has(lines, "-l select=1:ncpus=9:host=n1"));
  CHECK(has(lines, "-lwalltime=5"));
  const auto asks = [&](const char* what) {
    return std::ranges::count_if(lines, [&](auto& line) { return line.find(what) != line.npos; });
  };
  CHECK(asks("select=") == 1);
  CHECK(asks("walltime=") == 1);
  CHECK(asks("-j ") == 1);
}

TEST_CASE("directives of ours that a site does not want") {
  const auto lines = lines_of(pbs, {}, {"walltime", "-k", "-W umask", "-l select"});
  CHECK(lines == std::vector<std::string>{"-N pcl-default-k3x9", "-J 0-1", "-r n", "-j oe"});
  CHECK(has(lines_of(torque, {}), "-l mem=8000mb"));
  CHECK_FALSE(has(lines_of(torque, {}, {"mem"}), "-l mem=8000mb"));
  auto spec = spec_for(pbs);
  spec.drop_directives = {"walltme"};
  CHECK(error_of(pbs, spec).find("(did you mean \"walltime\"?)") != std::string::npos);
}

TEST_CASE("directives that would break a submit, or hide our jobs, are errors") {
  auto spec = spec_for(pbs);
  for (const auto* line : {"-l ncpus=2", "-l walltime=5,mem=1gb", "-l nodes=1:ppn=2"}) {
    spec.directives = {line};
    CHECK(error_of(pbs, spec).find("cannot stand beside -l select") != std::string::npos);
  }
  spec.drop_directives = {"select"};
  CHECK(error_of(pbs, spec) == "rendered");
  spec = spec_for(pbs);
  for (const auto* line : {"-N x", "-J 0-3", "-o /tmp/x"}) {
    spec.directives = {line};
    CHECK(error_of(pbs, spec).find("pcluster sets -") == 0);
  }
  for (const auto* line : {"walltime=5", "", "-"}) {
    spec.directives = {line};
    CHECK(error_of(pbs, spec).find("is not a directive of PBS") != std::string::npos);
  }
  spec = spec_for(torque);
  spec.directives = {"-t 0-5"};
  CHECK(error_of(torque, spec).find("pcluster sets -t") == 0);
}

TEST_CASE("memory and GPUs, as the site asks for them") {
  auto spec = spec_for(pbs);
  spec.per_node = {2, 4000, 1};
  CHECK(has(pbs.directives(spec, identity(1)), "-l select=1:ncpus=2:mem=4000mb:ngpus=1"));
  CHECK(has(torque.directives(spec, identity(1)), "-l nodes=1:ppn=2:gpus=1"));
  spec.mem_mode = "cpu";
  CHECK(has(torque.directives(spec, identity(1)), "-l pmem=2000mb"));
  spec.mem_mode = "none";
  CHECK(has(pbs.directives(spec, identity(1)), "-l select=1:ncpus=2:ngpus=1"));
  CHECK(join(torque.directives(spec, identity(1)), " ").find("mem") == std::string::npos);
}
