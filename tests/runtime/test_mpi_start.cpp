// MPI: what mpiexec says about itself, the words it is given, and a real run of two ranks.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <unistd.h>

#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "mpi-runtime/environment.hpp"
#include "mpi-runtime/mpi_start.hpp"
#include "rig.hpp"

using namespace pcluster;

TEST_CASE("the kind of mpiexec, from what --version prints") {
  struct {
    const char* text;
    MpiKind kind;
  } cases[] = {
      {"mpiexec (OpenRTE) 4.1.4\n\nReport bugs to http://www.open-mpi.org/community/help/\n",
       MpiKind::open_mpi_4},
      {"mpirun (Open MPI) 4.1.2\n\nReport bugs to http://www.open-mpi.org/community/help/\n",
       MpiKind::open_mpi_4},
      {"mpirun (Open MPI) 5.0.6\n\nReport bugs to https://www.open-mpi.org/community/help/\n",
       MpiKind::open_mpi_5},
      {"mpiexec (OpenRTE) 5.0.10\n", MpiKind::open_mpi_5},
      {"mpirun (Open MPI) 10.0.1\n", MpiKind::open_mpi_5},
      {"HYDRA build details:\n    Version:                                 4.0.2\n",
       MpiKind::mpich},
      {"Intel(R) MPI Library for Linux* OS, Version 2021.10 Build 20230619 (id: c2e19c2f3e)\n"
       "Copyright 2003-2023, Intel Corporation.\n",
       MpiKind::intel},
      {"slurm 23.02.6\n", MpiKind::unknown},
      {"", MpiKind::unknown},
  };
  for (const auto& one : cases) {
    CAPTURE(one.text);
    CHECK(mpi_kind(one.text) == one.kind);
  }
}

namespace {

MpiPlan plan_of(std::vector<HostEntry> hosts, bool root = false) {
  return {"mpiexec", 4, std::move(hosts), "node1", "/l/mpi-agent", "/l/mpi", root};
}
std::string words(MpiKind kind, const MpiPlan& plan, const MpiSettings& site = {}) {
  return join(mpi_start(kind, plan, site).words, " ");
}
std::string value(const Environment& settings, const std::string& name) {
  for (const auto& [key, text] : settings)
    if (key == name) return text;
  return "-";
}
const std::vector<HostEntry> two{{"w1", 1}, {"w7", 3}};

}  // namespace

TEST_CASE("the words before the program, on one host") {
  const auto plan = plan_of({});
  CHECK(words(MpiKind::open_mpi_4, plan) ==
        "mpiexec --noprefix --host localhost:4 --bind-to none -np 4");
  CHECK(words(MpiKind::open_mpi_5, plan) ==
        "mpiexec --noprefix --host localhost:4 --bind-to none -np 4");
  CHECK(words(MpiKind::mpich, plan) == "mpiexec -launcher fork -np 4");
  CHECK(words(MpiKind::intel, plan) == "mpiexec -launcher fork -np 4");
  CHECK(words(MpiKind::unknown, plan) == "mpiexec -np 4");
  CHECK(words(MpiKind::open_mpi_4, plan_of({{"w1", 4}})) == words(MpiKind::open_mpi_4, plan));
}

TEST_CASE("Open MPI's own directories lie in the worker's, here and where a part of a gang runs") {
  const std::string name = "OMPI_MCA_orte_top_session_dir";
  for (const auto& plan : {plan_of({}), plan_of(two)})
    CHECK(value(mpi_start(MpiKind::open_mpi_4, plan, {}).defaults, name) == "/l/mpi");
  CHECK(value(mpi_start(MpiKind::mpich, plan_of({}), {}).defaults, name) == "-");
  CHECK(value(part_defaults("/m", "/l/mpi"), name) == "/l/mpi");
}

TEST_CASE("the words before the program, over several hosts") {
  const auto plan = plan_of(two);
  CHECK(words(MpiKind::open_mpi_4, plan) ==
        "mpiexec --noprefix --host localhost:1,w7:3 --bind-to none -np 4");
  // Hydra has the other hosts call back by the head's name in that list.
  CHECK(words(MpiKind::mpich, plan) ==
        "mpiexec -rmk user -launcher ssh -launcher-exec /l/mpi-agent -hosts node1:1,w7:3 -np 4");
  CHECK(words(MpiKind::intel, plan) ==
        "mpiexec -rmk user -bootstrap ssh -bootstrap-exec /l/mpi-agent -hosts node1:1,w7:3 -np 4");
}

TEST_CASE("settings by kind: shared memory on one host alone, and root only where we are") {
  const auto of = [](MpiKind kind, const MpiPlan& plan) { return mpi_start(kind, plan, {}); };
  const auto four = of(MpiKind::open_mpi_4, plan_of({}));
  CHECK(value(four.defaults, "OMPI_MCA_btl") == "self,vader");
  CHECK(value(four.defaults, "PMIX_MCA_gds") == "hash");
  CHECK(value(four.defaults, "OMPI_ALLOW_RUN_AS_ROOT") == "-");
  CHECK(four.ours.empty());
  CHECK(value(of(MpiKind::open_mpi_5, plan_of({})).defaults, "OMPI_MCA_btl") == "self,sm");
  CHECK(value(of(MpiKind::open_mpi_4, plan_of({}, true)).defaults,
              "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM") == "1");
  CHECK(of(MpiKind::mpich, plan_of({}, true)).defaults.empty());

  const auto over = of(MpiKind::open_mpi_4, plan_of(two));
  CHECK(over.defaults.size() == 1);  // where it keeps its own; nothing that chooses the network
  CHECK(value(over.ours, "OMPI_MCA_plm") == "rsh");
  CHECK(value(over.ours, "OMPI_MCA_plm_rsh_agent") == "/l/mpi-agent");
  CHECK(value(over.ours, "OMPI_MCA_orte_leave_session_attached") == "1");
  CHECK(value(over.ours, "OMPI_MCA_plm_rsh_no_tree_spawn") == "1");
  CHECK(value(over.ours, "OMPI_MCA_plm_rsh_pass_environ_mca_params") == "0");
  CHECK(value(of(MpiKind::open_mpi_5, plan_of(two)).ours, "PRTE_MCA_plm_ssh_agent") ==
        "/l/mpi-agent");
}

TEST_CASE("what the site says of its MPI: words after ours, settings over our defaults") {
  MpiSettings site;
  site.arguments = {"--mca", "btl_tcp_if_include", "ib0"};
  site.environment = {{"OMPI_MCA_pml", "ucx"}, {"UCX_TLS", "rc"}};
  const auto start = mpi_start(MpiKind::open_mpi_4, plan_of({}), site);
  CHECK(join(start.words, " ") ==
        "mpiexec --noprefix --host localhost:4 --bind-to none -np 4 --mca btl_tcp_if_include ib0");
  CHECK(value(start.defaults, "OMPI_MCA_pml") == "ucx");
  CHECK(value(start.defaults, "UCX_TLS") == "rc");
  CHECK(mpi_kind_named("mpich") == MpiKind::mpich);
  CHECK(mpi_kind_named("openmpi5") == MpiKind::open_mpi_5);
  CHECK(mpi_kind_named("cray") == MpiKind::unknown);
}

TEST_CASE("no mpiexec: the message says what to load") {
  auto text = explain_no_mpiexec("mpiexec", "n14", "/bin");
  CHECK(text.find("mpiexec not found on n14 (PATH=/bin)") == 0);
  CHECK(text.find("--setup \"module load openmpi\"") != std::string::npos);
}

TEST_CASE("two ranks through the engine, cancelled without a trace") {
  auto mpiexec = find_program("mpiexec", "/usr/bin:/bin");
  if (!mpiexec) {
    const char* ci = getenv("CI");
    REQUIRE_MESSAGE((ci == nullptr || std::string(ci) != "true"), "no mpiexec to test with");
    MESSAGE("no mpiexec here: not tested");
    return;
  }
  Rig rig;
  rig.environment.push_back("HOME=/tmp");
  const auto start =
      mpi_start(MpiKind::open_mpi_4, {*mpiexec, 2, {}, "here", "", "", geteuid() == 0}, {});
  for (const auto& [name, text] : start.defaults) rig.environment.push_back(name + "=" + text);
  auto with = [&start](const std::string& script) {
    auto all = start.words;
    all.insert(all.end(), {"/bin/sh", "-c", script});
    return all;
  };
  CHECK(rig.run(with("echo rank $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE")).exit_code == 0);
  CHECK(rig.outputs.back().find("rank 0 of 2\n") != std::string::npos);
  CHECK(rig.outputs.back().find("rank 1 of 2\n") != std::string::npos);
  CHECK(rig.run(with("exit $((OMPI_COMM_WORLD_RANK * 3))")).exit_code == 3);

  auto number = unique_number();
  rig.start(0, with("trap '' TERM; sleep " + number));
  for (int i = 0; i < 500 && sleepers(number).size() < 2; ++i) rig.turn(10 * millisecond);
  REQUIRE(sleepers(number).size() == 2);
  rig.spawner.signal(0, SIGKILL);
  rig.wait_for_ends(3);
  CHECK(sleepers(number).empty());
}
