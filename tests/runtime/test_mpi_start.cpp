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

TEST_CASE("the words before the program") {
  auto words = [](MpiKind kind) { return join(mpiexec_words(kind, "/m/mpiexec", 4), " "); };
  CHECK(words(MpiKind::open_mpi_4) ==
        "/m/mpiexec --noprefix --host localhost:4 --bind-to none -np 4");
  CHECK(words(MpiKind::open_mpi_5) ==
        "/m/mpiexec --noprefix --host localhost:4 --bind-to none -np 4");
  CHECK(words(MpiKind::mpich) == "/m/mpiexec -launcher fork -np 4");
  CHECK(words(MpiKind::intel) == "/m/mpiexec -launcher fork -np 4");
  CHECK(words(MpiKind::unknown) == "/m/mpiexec -np 4");
}

TEST_CASE("settings by kind: shared memory, and root only where we are") {
  auto has = [](const Environment& settings, const std::string& name) {
    for (const auto& [key, value] : settings)
      if (key == name) return value;
    return std::string("-");
  };
  CHECK(has(mpi_defaults(MpiKind::open_mpi_4, false), "OMPI_MCA_btl") == "self,vader");
  CHECK(has(mpi_defaults(MpiKind::open_mpi_5, false), "OMPI_MCA_btl") == "self,sm");
  CHECK(has(mpi_defaults(MpiKind::open_mpi_4, false), "OMPI_ALLOW_RUN_AS_ROOT") == "-");
  CHECK(has(mpi_defaults(MpiKind::open_mpi_4, true), "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM") == "1");
  CHECK(mpi_defaults(MpiKind::mpich, true).empty());
}

TEST_CASE("no mpiexec: the message says what to load") {
  auto text = explain_no_mpiexec("n14", "/bin");
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
  for (const auto& [name, value] : mpi_defaults(MpiKind::open_mpi_4, geteuid() == 0))
    rig.environment.push_back(name + "=" + value);
  auto words = mpiexec_words(MpiKind::open_mpi_4, *mpiexec, 2);
  auto with = [&words](const std::string& script) {
    auto all = words;
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
