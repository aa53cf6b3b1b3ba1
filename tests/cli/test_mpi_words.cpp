// What mpiexecs are told, in our words; and what is not for us to do.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/mpi_words.hpp"

using namespace pcluster;
using Words = std::vector<std::string>;

namespace {

const Variables shell{{"HERE", "here"}, {"EMPTY", ""}};

MpiexecCall called(const Words& words) {
  return read_mpiexec(Arguments(verb_mpiexec, words), shell);
}

std::string refusal(const Words& words) {
  try {
    called(words);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return error.what();
  }
  return {};
}

std::string spelled(const std::string& line) { return join(spell_mpiexec(split(line, ' ')), " "); }

}  // namespace

TEST_CASE("options of Open MPI and of Hydra, up to the program") {
  CHECK(spelled("-np 2 nrniv -mpi -np 3") == "--np 2 -- nrniv -mpi -np 3");
  CHECK(spelled("-n 2 -- -odd -wd x") == "--np 2 -- -odd -wd x");
  CHECK(spelled("-wdir /d -wd /e --wdir=/f p") == "--wdir /d --wdir /e --wdir=/f -- p");
  CHECK(spelled("--mca pml ob1 -mca btl a,b p") == "--mca pml=ob1 --mca btl=a,b -- p");
  CHECK(spelled("-genv A 1 -env B 2 --env C=3 p") == "--env A=1 --env B=2 --env C=3 -- p");
  CHECK(spelled("-x A -x B=1 -H a,b -f hosts p") == "-x A -x B=1 --host a,b --hostfile hosts -- p");
  CHECK(spelled("-bind-to none --map-by slot:PE=2 p") == "--bind-to none --map-by slot:PE=2 -- p");
  CHECK(spelled("--cluster big -quiet -n 2 p") == "--cluster big --quiet --np 2 -- p");
  CHECK(spelled("-np").ends_with("--np"));
  CHECK(spelled("--mca pml") == "--mca pml");
  CHECK(Arguments(verb_mpiexec, {"-n", "2", "p", "--json"}).command() == Words{"p", "--json"});
  CHECK_FALSE(wants_json({"mpiexec", "-wdir", "d", "p", "--json"}));
  CHECK(wants_json({"mpiexec", "-wdir", "d", "--json", "p"}));
}

TEST_CASE("ranks, directory and variables") {
  const auto call = called({"-np", "4", "-wdir", "run", "-x", "HERE", "-x", "A=b=c", "-genv", "B",
                            "1", "--mca", "pml", "ob1", "-x", "EMPTY", "./p", "-x"});
  CHECK(call.ranks == 4);
  CHECK(call.directory == "run");
  const Environment want{
      {"OMPI_MCA_pml", "ob1"}, {"B", "1"}, {"HERE", "here"}, {"A", "b=c"}, {"EMPTY", ""}};
  CHECK(call.environment == want);
  CHECK(call.ignored.empty());
}

TEST_CASE("what is ignored is named, each once; what cannot be done is refused") {
  CHECK(called({"-n", "2", "--oversubscribe", "-bind-to", "core", "--bind-to", "none", "--mca",
                "plm_rsh_agent", "ssh", "-x", "AWAY", "-H", "a", "p"})
            .ignored == Words{"--oversubscribe", "--bind-to", "--host", "--mca plm_rsh_agent",
                              "-x AWAY (not set here)"});
  CHECK(refusal({"-n", "1", "a", ":", "-n", "1", "b"}).find("several programs") !=
        std::string::npos);
  CHECK(refusal({"p"}) == "mpiexec: over how many ranks?");
  CHECK(refusal({"-n", "0", "p"}).starts_with("--np wants"));
  CHECK(refusal({"--tag-output", "-n", "2", "p"}).starts_with("mpiexec: unknown option --tag-"));
}

TEST_CASE("a shell's settings of MPI go along, those of a launcher around us do not") {
  Variables variables{{"OMPI_MCA_pml", "ob1"}, {"UCX_TLS", "sm"}, {"SECRET", "x"}};
  const Environment want{{"OMPI_MCA_pml", "ob1"}, {"UCX_TLS", "sm"}};
  CHECK(mpi_settings(variables) == want);
  variables["OMPI_COMM_WORLD_SIZE"] = "2";
  CHECK(mpi_settings(variables).empty());
}
