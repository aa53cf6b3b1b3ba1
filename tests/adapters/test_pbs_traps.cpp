// What makes a naive PBS adapter wrong, one test each, against what OpenPBS 23.06 printed.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <set>

#include "launcher/base/text.hpp"
#include "tests/adapters/pbs_texts.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

std::string script_of(const Argv& argv) {
  const auto at = std::ranges::find(argv, "-c");
  return at == argv.end() ? "" : *(at + 1);
}

bool holds(const std::string& text, std::string_view words) {
  return text.find(words) != text.npos;
}

std::string golden(const char* name) {
  return text_of(std::string("tests/adapters/golden/") + name);
}

const std::string refused_connection =
    "Connection refused\nqstat: cannot connect to server pbshead (errno=15010)\n";

std::string listing() {
  const std::vector<std::string> names{"pcl-c-t"};
  return script_of(pbs.status("ann", names));
}

}  // namespace

TEST_CASE("trap 1: JSON of several jobs is of the first one only: text is asked for") {
  CHECK(holds(listing(), "qstat $history -t -f \"$@\""));
  CHECK_FALSE(holds(listing(), "json"));
  CHECK(jobs("history.txt").size() == 12);  // all that were asked for; the array itself is no job
}

TEST_CASE("trap 2: a server that is down prints a fine empty document: the exit code comes first") {
  const std::string document =
      "{\n\t\"timestamp\":\t1795248732,\n\t\"pbs_version\":\t\"23.06.06\",\n"
      "\t\"pbs_server\":\t\"pbshead\"\n}\n";
  CHECK_FALSE(pbs.seen({255, false, document, refused_connection}));
  CHECK_FALSE(pbs.seen({255, false, "", refused_connection}));
  CHECK_FALSE(pbs.seen({153, false, "", "qstat: Unknown Job Id 0.pbshead\n"}));
  CHECK_FALSE(pbs.seen({35, false, "",
                        "qstat: 2.pbshead Job has finished, use -x or -H to obtain historical "
                        "job information\n"}));
  CHECK_FALSE(pbs.seen({0, false, document, ""}));  // not what was asked for
  const auto nothing = pbs.seen({0, false, "", ""});
  CHECK((nothing && nothing->empty()));
}

TEST_CASE("trap 2: without history, -x prints nothing and ends with 0: that is no answer") {
  CHECK_FALSE(
      pbs.seen({0, false, "", "qstat: PBS is not configured to maintain job history 0.pbshead\n"}));
  CHECK(holds(listing(), "else found=$(qselect ${user:+-u \"$user\"} -N \"$name\") || exit"));
}

TEST_CASE("trap 3: a hung server answers nothing, and may have taken the submit") {
  CHECK_FALSE(pbs.seen({-1, true, "", ""}));
  CHECK(pbs.submitted({-1, true, "", ""}, one).kind == Kind::unanswered);
  CHECK(pbs.submitted({-1, false, "", ""}, one).kind == Kind::unanswered);
  // It is looked up by the name that it has from the first moment on.
  CHECK(holds(golden("pbs-one.sh"), "\n#PBS -N pcl-default-k3x9\n"));
  CHECK(holds(listing(), "-N \"$name\""));
}

TEST_CASE("trap 4: an id is no promise: a job that vanishes is not listed, and no answer of ours") {
  CHECK(answer(pbs, 0, "", "40.pbshead\n").kind == Kind::accepted);
  const auto all = jobs("history.txt");
  CHECK_FALSE(all.contains("40"));  // the core waits for three looks before it believes that
  CHECK(all.at("15").state == JobState::ended);
  CHECK(all.at("15").reason == "it never ran: what it depended on has failed");
}

TEST_CASE("trap 5: F without Exit_status never ran") {
  const auto all = jobs("history.txt");
  CHECK(all.at("18").state == JobState::ended);
  CHECK(all.at("18").reason == "it never ran: deleted while it waited");
  CHECK_FALSE(holds(all.at("3").reason, "never"));
}

TEST_CASE("trap 6: an array's own state says nothing: each of its jobs counts by itself") {
  const auto all = jobs("history.txt");
  CHECK_FALSE(all.contains("101[]"));
  for (const auto* id : {"101[0]", "101[1]", "101[2]", "101[3]", "101[4]"})
    CHECK(all.at(id).state == JobState::ended);
  CHECK(holds(all.at("101[0]").reason, "finished"));
  CHECK(holds(all.at("101[1]").reason, "failed"));
  const auto live = jobs("array.txt");  // the array is B, with Exit_status 1
  CHECK(live.at("421[0]").state == JobState::ended);
  CHECK(live.at("421[2]").state == JobState::running);
  for (const auto* script : {"pbs-everything.sh", "torque-everything.sh"})
    CHECK_FALSE(holds(golden(script), "depend"));
}

TEST_CASE("an array without its jobs is no answer: they would all seem to be gone") {
  auto text = text_of("tests/adapters/pbs/array.txt");
  text = text.substr(0, text.find("\nJob Id: 421[0]"));
  CHECK(holds(text, "Job Id: 421[].pbshead"));
  CHECK_FALSE(pbs.seen({0, false, text, ""}));
  CHECK_FALSE(pbs.seen({0, false, std::string(4u << 20, 'x'), ""}));  // nor one that is cut off
}

TEST_CASE("trap 7: in E it has its Exit_status already, and is not over") {
  const auto exiting = jobs("pending.txt").at("55");
  CHECK(exiting.state == JobState::running);
  CHECK(exiting.word == "exiting");
  CHECK(exiting.end_unix == 0);
  CHECK(jobs("history.txt").at("55").state == JobState::ended);
  // The output goes to a directory that is there: the state directory's own.
  const auto argv = pbs.submit("/d/jobs/t.sh", {}, one);
  CHECK(argv ==
        Argv{"env", "-u", "PBS_DPREFIX", "qsub", "-f", "-o", "/d/jobs/t.out", "/d/jobs/t.sh"});
}

TEST_CASE("trap 8: what can never run is taken, and waits for ever; it says so") {
  const auto job = jobs("pending.txt").at("53");
  CHECK(job.state == JobState::pending);
  CHECK(job.reason == "Can Never Run: Insufficient amount of resource: ncpus (R: 64 A: 10 T: 10)");
  CHECK(job.never);
  CHECK(pbs.remedy(job.reason).find("fewer --cores") != std::string_view::npos);
}

TEST_CASE("trap 9: jobs start in the home directory: the script leaves it") {
  for (const auto* script : {"pbs-one.sh", "torque-one.sh"}) {
    const auto text = golden(script);
    const auto at = text.find("\ncd /home/ann/.pcluster/default || exit 1\n");
    REQUIRE(at != text.npos);
    CHECK(at < text.find("set -- /opt/pcluster"));
    CHECK_FALSE(holds(text, "$0"));  // the script is a copy elsewhere
  }
}

TEST_CASE("trap 10: the umask is 077 if nobody says, also that of the tasks' files") {
  for (const auto* script : {"pbs-one.sh", "torque-one.sh"})
    CHECK(holds(golden(script), "\n#PBS -W umask=022\n"));
}

TEST_CASE("trap 11: the output is there while the job runs") {
  CHECK(holds(golden("pbs-one.sh"), "\n#PBS -j oe\n#PBS -k oed\n"));
  CHECK(holds(golden("torque-one.sh"), "\nexec > /home/ann/.pcluster/default/jobs/k3x9"));
  const auto argv = pbs.submit("/d/jobs/t.sh", {}, three);
  CHECK(std::ranges::find(argv, "/d/jobs/t-^array_index^.out") != argv.end());
}

TEST_CASE("trap 12: a chunk is a line of the nodefile, and chunks may share a host") {
  const auto text = golden("pbs-nodes.sh");
  CHECK(holds(text, "\n#PBS -l select=3:ncpus=2:mem=4000mb:ngpus=1\n#PBS -l place=scatter\n"));
  CHECK_FALSE(holds(text, "mpiprocs"));
  CHECK(holds(text, "pbsdsh -- "));
  CHECK_FALSE(holds(golden("pbs-one.sh"), "place="));
}

TEST_CASE("trap 13: memory is not enforced: the worker is told what was asked for") {
  CHECK(holds(golden("pbs-everything.sh"), "\nexport PCLUSTER_JOB_MEM_MB=\"4000\"\n"));
  CHECK(jobs("history.txt").at("71").state == JobState::ended);  // 400 MB of 100: Exit_status 0
  CHECK_FALSE(holds(jobs("history.txt").at("71").reason, "memory"));
}

TEST_CASE("trap 14: what leaves the session outlives the job: nothing of ours does") {
  for (const auto* script : {"pbs-everything.sh", "pbs-nodes.sh", "torque-everything.sh"})
    for (const auto* word : {"setsid", "nohup", "disown"}) CHECK_FALSE(holds(golden(script), word));
}

TEST_CASE("trap 15: all users can read a job's variables and arguments: no secret is in them") {
  for (const auto* script : {"pbs-everything.sh", "torque-everything.sh"})
    for (const auto& line : lines(golden(script)))
      if (line.starts_with("#PBS "))
        CHECK_FALSE((line.starts_with("#PBS -v") || line.starts_with("#PBS -V")));
  for (const auto& argv : {pbs.submit("/d/t.sh", {}, one), torque.submit("/d/t.sh", {}, one)})
    for (const auto* option : {"-v", "-V"}) CHECK(std::ranges::find(argv, option) == argv.end());
  // The nodes of a job get their environment by a file of the user's alone.
  CHECK(holds(golden("pbs-nodes.sh"), "(umask 077; export -p > \"$environment\")"));
}

TEST_CASE("trap 16: Exit_status means something once a job that ran is over") {
  const auto requeued = jobs("pending.txt").at("355");  // its node was lost: -20
  CHECK(requeued.state == JobState::pending);
  CHECK(requeued.reason == "Not Running: Insufficient amount of resource: host");
  CHECK(holds(jobs("history.txt").at("356").reason, "its node was lost"));
  const auto deleted = jobs("array-deleted.txt");  // all have Exit_status 1, their array's
  CHECK(deleted.at("102[4]").state == JobState::pending);
  CHECK(deleted.at("102[4]").reason.empty());
  CHECK(deleted.at("102[10]").reason == "Subjob finished");
  CHECK(holds(deleted.at("102[1]").reason, "ended by qdel"));
  const auto killed = replace_all(text_of("tests/adapters/pbs/array-deleted.txt"),
                                  "Exit_status = 1\n", "Exit_status = 271\n");
  const auto all = pbs.seen({0, false, killed, ""});
  REQUIRE((all && all->size() == 4));
  for (const auto& [name, job] : *all)
    CHECK((job.job_id == "102[1]") == holds(job.reason, "ended by qdel"));
  CHECK(holds(golden("pbs-one.sh"), "\n#PBS -r n\n"));  // and it does not run twice
}

TEST_CASE("trap 17: qsub's -v breaks on quotes: nothing goes through it") {
  auto spec = awkward(pbs);
  const auto script = render_job_script(pbs, spec, identity(1));
  CHECK(holds(script, "echo \"it's $HOME\""));  // set-up lines are in the script, as they are
  const auto failed = answer(pbs, 1, "qsub: cannot send environment with the job\n");
  CHECK(failed.kind == Kind::refused);
  CHECK(failed.message == "cannot send environment with the job");
}

TEST_CASE("trap 18: variables come with line breaks and bytes that are no text: they are skipped") {
  const auto text = text_of("tests/adapters/pbs/nasty.txt");
  CHECK(holds(text, "\xff\xfe"));
  CHECK(holds(text, "\nline2,E=x=y"));
  const auto seen = pbs.seen({0, false, text, ""});
  REQUIRE((seen && seen->size() == 1));
  CHECK(seen->front().first == "nasty");
  CHECK(seen->front().second.word == "held");
  CHECK(seen->front().second.reason == "Hold_Types = u");
  // Nor does a variable speak for the job.
  const auto lies = replace_all(text, "\nline2", "\n    job_state = F\n    Job_Name = x\nline2");
  const auto again = pbs.seen({0, false, lies, ""});
  CHECK((again && *again == *seen));
  CHECK(holds(listing(), "keep = $1 ~ /^(Job_Name|"));
}

TEST_CASE("trap 19: qsub leaves a process behind, and fails with its directory: -f does not") {
  const auto argv = pbs.submit("/d/jobs/t.sh", {}, one);
  CHECK(std::ranges::find(argv, "-f") != argv.end());
  CHECK(answer(pbs, 255, "Failed to recv data from background qsub\n").kind == Kind::unanswered);
}

TEST_CASE("trap 20: numbers have gaps: an id is only ever what qsub or the listing said") {
  CHECK(answer(pbs, 0, "", "57.pbshead\n").job_ids == std::vector<std::string>{"57"});
  CHECK(answer(pbs, 0, "", "64.pbshead\n").job_ids == std::vector<std::string>{"64"});
  const auto all = jobs("history.txt");
  CHECK((all.contains("3") && !all.contains("4") && all.contains("15")));
}
