// What qsub refuses, as OpenPBS 23.06 says it, each with a remedy of ours.
// SPDX-License-Identifier: MIT
#include "tests/adapters/pbs_texts.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

struct Refused {
  int code;
  const char *err, *message, *remedy;
};

const std::string usage =
    "usage: qsub [-a date_time] [-A account_string] [-c interval]\n"
    "\t[-C directive_prefix] [-e path] [-f ] [-h ] [-I [-X]] [-j oe|eo] [-J X-Y[:Z]]\n";

const Refused refusals[] = {
    {170, "qsub: Unknown queue\n", "Unknown queue", "qstat -Q"},
    {173, "qsub: Queue is not enabled\n", "Queue is not enabled", "another with --partition"},
    {159, "qsub: Unauthorized Request \n", "Unauthorized Request", "not for you"},
    {188, "qsub: Job violates queue and/or server resource limits\n",
     "Job violates queue and/or server resource limits", "less --time, --cores or --memory"},
    {166, "qsub: Illegal attribute or resource value Resource_List.walltime\n",
     "Illegal attribute or resource value Resource_List.walltime", "--time as"},
    {166, "qsub: Illegal attribute or resource value select.mem\n",
     "Illegal attribute or resource value select.mem", "--directive"},
    {187, "qsub: Unknown resource: ngpus\n", "Unknown resource: ngpus", "--gpus"},
    {187, "qsub: Unknown resource: foo\n", "Unknown resource: foo", "--directive"},
    {5, "qsub: \"-lresource=\" cannot be used with \"select\" or \"place\", resource is: ncpus\n",
     "\"-lresource=\" cannot be used with \"select\" or \"place\", resource is: ncpus",
     "--drop-directive select"},
    {6, "qsub: Cannot be used with select or place: nodes\n",
     "Cannot be used with select or place: nodes", "--drop-directive select"},
    {3, "qsub: Array job exceeds server or queue size limit\n",
     "Array job exceeds server or queue size limit", "fewer --jobs"},
    {2, "qsub: Job name is too long \n", "Job name is too long", "--cluster"},
    {38, "qsub: would exceed queue generic's per-user limit\n",
     "would exceed queue generic's per-user limit", "fewer --jobs"},
    {1, "qsub: script contains cr, lf\n", "script contains cr, lf", "dos2unix"},
    {1, "qsub: script file:: No such file or directory\n",
     "script file:: No such file or directory", "permissions"},
    {175, "qsub: Bad UID for job execution\n", "Bad UID for job execution", "ordinary user"},
    {255,
     "pbsconf error: pbs conf variables not found: PBS_HOME PBS_EXEC PBS_SERVER\n"
     "No such file or directory\nqsub: cannot connect to server  (errno=0)\n",
     "pbsconf error: pbs conf variables not found: PBS_HOME PBS_EXEC PBS_SERVER; No such file or "
     "directory; cannot connect to server  (errno=0)",
     "login node"},
    {32, "qsub: no project was given\n", "no project was given", "a rule of this site"},
    {39, "qsub: would exceed complex's per-user limit\n", "would exceed complex's per-user limit",
     "fewer --jobs"},
    {127, "", "qsub is not on PATH here", "login node"},
    {126, "/opt/pbs/bin/qsub: Cannot allocate memory", "/opt/pbs/bin/qsub: Cannot allocate memory",
     "ulimit"},
    {77, "qsub: something new\n", "something new", "--dry-run"},
    {77, "", "qsub ended with exit code 77", "--dry-run"},
};

}  // namespace

TEST_CASE("refused: PBS's words, and a remedy of our own for each") {
  for (const auto& each : refusals) {
    INFO(each.err);
    const auto got = answer(pbs, each.code, each.err);
    CHECK(got.kind == Kind::refused);
    CHECK(got.message == each.message);
    CHECK(got.hint.find(each.remedy) != std::string::npos);
    CHECK(got.job_ids.empty());
  }
}

TEST_CASE("an illegal value: the words, not the usage that follows them") {
  const auto got = answer(pbs, 2, "qsub: illegal -N value\n" + usage);
  CHECK(got.message == "illegal -N value");
  CHECK(got.hint.find("--cluster") != std::string::npos);
  CHECK(answer(pbs, 2, "qsub: invalid option -- 't'\n" + usage).message == "invalid option -- 't'");
}

TEST_CASE("Slurm's wrappers say what sbatch said, on stdout") {
  const auto got =
      answer(torque, 1, "",
             "There was an error running the Slurm sbatch command.\n"
             "The command was:\n'/usr/bin/sbatch -e j.sh.e%A -o j.sh.o%A -p nosuch j.sh 2>&1'\n"
             "and the output was:\n'sbatch: error: invalid partition specified: nosuch\n"
             " sbatch: error: Batch job submission failed: Invalid partition name specified\n'\n");
  CHECK(got.kind == Kind::refused);
  CHECK(got.message ==
        "invalid partition specified: nosuch; Batch job submission failed: Invalid partition name "
        "specified");
}

TEST_CASE("no answer: it may have gone through, so it is looked up before it is repeated") {
  for (const auto& [code, words] :
       {std::pair{162,
                  "Connection refused\nqsub: cannot connect to server pbshead (errno=15010)\n"},
        {160, "Unknown Host.\nqsub: cannot connect to server pbshead (errno=15008)\n"},
        {255, "Failed to recv data from background qsub\n"},
        {171, "qsub: Invalid credential\n"},
        {183, "qsub: Premature end of message\n"},
        {198, "qsub: End of File\n"},
        {-1, ""}}) {
    INFO(words);
    CHECK(answer(pbs, code, words).kind == Kind::unanswered);
    CHECK(answer(torque, code, words).kind == Kind::unanswered);
  }
}

TEST_CASE("reasons to wait or to have ended have a remedy; new ones have none") {
  for (const auto& [reason, words] :
       {std::pair{"Can Never Run: Insufficient amount of resource: mem (R: 900gb A: 40489mb)",
                  "less --memory"},
        {"Not Running: Queue not started.", "--partition"},
        {"Not Running: Insufficient amount of resource: host", "--timeout"},
        {"Not Running: User has reached queue small running job limit.", ""},
        {"Not Running: Queue small per-user limit reached on resource ncpus", "fewer --jobs"},
        {"Hold_Types = u", "qrls"},
        {"Job run at Sat Nov 21 at 08:02 on (n:ncpus=1) and exceeded resource walltime",
         "longer --time"}}) {
    INFO(reason);
    CHECK(pbs.remedy(reason).find(words) != std::string_view::npos);
  }
  CHECK(pbs.remedy("SomethingNew").empty());
  CHECK(torque.remedy("").empty());
}
