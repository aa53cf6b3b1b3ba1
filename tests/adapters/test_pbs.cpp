// PBS's and Torque's commands and answers; the texts are what OpenPBS 23.06 printed on a real
// cluster (pbs/README), and Slurm's wrappers for Torque's.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "launcher/base/text.hpp"
#include "tests/adapters/pbs_texts.hpp"

using namespace pcluster;
using namespace pcluster::test;

TEST_CASE("PBS or Torque: the version of the commands tells") {
  const CommandResult open{0, false, "pbs_version = 23.06.06\n", ""};
  const CommandResult old{0, false, "pbs_version = PBSPro_13.1.0.160576\n", ""};
  const CommandResult torque6{0, false, "", "Version: 6.1.2\nCommit: 6612d8f\n"};
  const CommandResult wrapper{2, false, "", "Unknown option: version\nUsage:\n"};
  CHECK(pbs.version == Argv{"qstat", "--version"});
  CHECK((pbs.is_mine(open) && pbs.is_mine(old)));
  CHECK((torque.is_mine(torque6) && !torque.is_mine(open) && !torque.is_mine(old)));
  CHECK_FALSE((pbs.is_mine(torque6) || pbs.is_mine(wrapper) || torque.is_mine(wrapper)));
  CHECK_FALSE(pbs.is_mine({127, false, "", "qstat: not found\n"}));
}

TEST_CASE("commands are one line each, which a shell can read") {
  const std::vector<std::string> names{"pcl-c-t"}, ids{"12[3]", "7"};
  for (const auto* adapter : {&pbs, &torque})
    for (const auto& argv :
         {adapter->status("ann", names), adapter->cancel(ids), adapter->limits()}) {
      const auto at = std::ranges::find(argv, "-c");
      REQUIRE(at + 1 < argv.end());
      CHECK(std::system(("sh -n -c " + shell_quote(*(at + 1))).c_str()) == 0);
      CHECK(std::ranges::find(argv, "TZ=UTC0") != argv.end());
    }
  const auto argv = pbs.cancel(ids);
  CHECK(std::vector(argv.end() - 2, argv.end()) == ids);
}

TEST_CASE("accepted: the ids are those of the listing, without the server's name") {
  CHECK(answer(pbs, 0, "", "3.pbshead\n").job_ids == std::vector<std::string>{"3"});
  CHECK(answer(pbs, 0, "", "Welcome!\n3.pbshead.example.org\n").job_ids ==
        std::vector<std::string>{"3"});
  const auto array = pbs.submitted({0, false, "9[].pbshead\n", ""}, three);
  CHECK(array.kind == Kind::accepted);
  CHECK(array.job_ids == std::vector<std::string>{"9[0]", "9[1]", "9[2]"});
  CHECK(answer(torque, 0, "", "12\n").job_ids == std::vector<std::string>{"12"});
}

TEST_CASE("an answer that tells no ids of ours is looked up by name") {
  CHECK(pbs.submitted({0, false, "9.pbshead\n", ""}, three).kind == Kind::unanswered);
  CHECK(torque.submitted({0, false, "9\n", ""}, three).kind == Kind::unanswered);  // the wrappers
  CHECK(answer(pbs, 0, "", "9[].pbshead\n").kind == Kind::unanswered);
  CHECK(answer(pbs, 0, "", "").kind == Kind::unanswered);
  CHECK(answer(pbs, 0, "", "no number\n").kind == Kind::unanswered);
}

TEST_CASE("a running job: where, and until when") {
  const auto job = jobs("running.txt").at("93");
  CHECK(job == JobSeen{"93", JobState::running, "running", "", "pbshead", 0, false});
  auto text = text_of("tests/adapters/pbs/running.txt");
  text = replace_all(text, "    stime = ", "    Resource_List.walltime = 01:00:00\n    stime = ");
  const auto seen = pbs.seen({0, false, text, ""});
  REQUIRE((seen && seen->size() == 1));
  CHECK(seen->front().first == "qdrun");
  CHECK(seen->front().second.end_unix == 1795251805 * second);  // 2026-11-21T09:03:25Z
}

TEST_CASE("a job's end, over months and leap years") {
  const auto end = [](const std::string& start) {
    const auto seen = pbs.seen({0, false,
                                "Job Id: 1.s\n    job_state = R\n    stime = " + start +
                                    "\n    Resource_List.walltime = 00:00:10\n",
                                ""});
    return seen ? seen->front().second.end_unix / second : -1;
  };
  CHECK(end("Sat Feb 28 23:59:50 2026") == 1772323200);  // date -u -d 2026-03-01 +%s
  CHECK(end("Tue Feb 29 00:00:00 2028") == 1835395210);
  CHECK(end("Wed Mar  1 00:00:00 2028") == 1835481610);
  CHECK(end("Thu Jan  1 00:00:00 2032") == 1956528010);
  CHECK(end("Thu Dec 31 00:00:00 2026") == 1798675210);
  CHECK(end("yesterday") == 0);
  CHECK(end("Thu Foo  1 00:00:00 2032") == 0);
}

TEST_CASE("a value goes on after a line break and a tab, wherever its blanks are") {
  CHECK(jobs("history.txt").at("3").reason ==
        "Job run at Sat Nov 21 at 07:59 on (pbshead:ncpus=1:mem=102400kb) and finished");
  const auto seen = pbs.seen(
      {0, false, "Job Id: 1.s\n    job_state = Q\n    comment = Not Run\n\tning: a\n\t b\n", ""});
  REQUIRE(seen);
  CHECK(seen->front().second.reason == "Not Running: a b");
}

TEST_CASE("several hosts are named once each") {
  const auto seen = pbs.seen(
      {0, false, "Job Id: 1.s\n    job_state = R\n    exec_host = n1/0*2+n1/1+n2/0*2\n", ""});
  REQUIRE(seen);
  CHECK(seen->front().second.nodes == "n1,n2");
}

TEST_CASE("what waits, and whether it waits for nothing") {
  const auto all = jobs("pending.txt");
  for (const auto* id : {"355", "53", "109", "335"}) CHECK(all.at(id).state == JobState::pending);
  CHECK(all.at("109").word == "held");
  CHECK(all.at("109").reason == "Hold_Types = s");
  CHECK(all.at("335").word == "waiting");
  CHECK_FALSE(all.at("355").never);
  CHECK(pbs.remedy(all.at("355").reason).find("--timeout") != std::string_view::npos);
}

TEST_CASE("queues: limits, those that are closed, the default, and one that only hands on") {
  const auto seen = pbs.limits_seen({0, false, text_of("tests/adapters/pbs/queues.txt"), ""});
  REQUIRE(seen);
  std::map<std::string, PartitionLimits> all;
  for (const auto& each : *seen) all[each.name] = each;
  CHECK(all.size() == 7);
  CHECK((all["workq"].is_default && all["workq"].up && all["workq"].max_cores == 0));
  CHECK(all["small"].max_cores == 2);
  CHECK(all["small"].max_memory_mb == 2048);
  CHECK(all["small"].max_time == 3600 * second);
  CHECK((all["large"].nodes == 2 && all["large"].max_time == 24 * 3600 * second));
  CHECK_FALSE((all["disabled"].up || all["stopped"].up || all["small"].is_default));
  CHECK(all["route"].routes_to == "small,large");
  CHECK(all["route"].max_cores == 8);      // of large
  CHECK(all["route"].max_memory_mb == 0);  // large has no limit
  CHECK(all["small"].routes_to.empty());
}

TEST_CASE("queues of Slurm's wrappers, and no answer") {
  const auto seen = torque.limits_seen({0, false,
                                        "Queue:\t8GBXS\n\tqueue_type = Execution\n"
                                        "\tenabled = yes\n\tstarted = yes\n\n"
                                        "Queue:\tdown\n\tenabled = no\n\tstarted = no\n\n",
                                        ""});
  REQUIRE((seen && seen->size() == 2));
  CHECK(((*seen)[0].up && !(*seen)[1].up && (*seen)[1].name == "down"));
  CHECK_FALSE(pbs.limits_seen({255, false, "", "qstat: cannot connect to server pbshead\n"}));
  CHECK_FALSE(pbs.limits_seen({0, false, "", ""}));
}

TEST_CASE("a listing of Slurm's wrappers: other blanks, plain ids, C") {
  const auto seen = torque.seen({0, false,
                                 "Job Id:\t3\n\tJob_Name = pcl-c-t\n\tjob_state = R\n"
                                 "\texec_host = node1/2\n\tResource_List.walltime = 01:00:00\n\n"
                                 "Job Id:\t2\n\tJob_Name = pcl-c-t\n\tjob_state = C\n\n",
                                 ""});
  REQUIRE((seen && seen->size() == 2));
  CHECK((*seen)[0].second == JobSeen{"3", JobState::running, "running", "", "node1", 0, false});
  CHECK((*seen)[1].second.state == JobState::ended);
  const auto none = torque.seen({153, false, "", ""});
  CHECK((none && none->empty()));
  CHECK_FALSE(torque.seen({153, false, "", "qstat: Unknown Job Id 5\n"}));
  CHECK_FALSE(torque.seen({1, false, "", ""}));
}

TEST_CASE("sizes and times as PBS writes them") {
  const auto limits = [](const std::string& name, const std::string& value) {
    const auto seen = pbs.limits_seen(
        {0, false, "Queue: q\n    resources_max." + name + " = " + value + "\n", ""});
    return seen ? seen->front() : PartitionLimits{};
  };
  for (const auto& [text, mb] : {std::pair{"2gb", 2048},
                                 {"1048576kb", 1024},
                                 {"300mb", 300},
                                 {"1tb", 1 << 20},
                                 {"2097152b", 2},
                                 {"2097152", 2},
                                 {"1mw", 8},
                                 {"x", 0}})
    CHECK(limits("mem", text).max_memory_mb == static_cast<std::uint64_t>(mb));
  for (const auto& [text, seconds] :
       {std::pair{"100:00:00", 360000}, {"90", 90}, {"1:30", 90}, {"soon", 0}})
    CHECK(limits("walltime", text).max_time == seconds * second);
}

TEST_CASE("what PBS lets one user have") {
  // Transcripts 022 and 872, 005 of the server.
  const auto seen = pbs.limits_seen({0, false,
                                     "Queue: small\n    queue_type = Execution\n"
                                     "    max_queued = [u:PBS_GENERIC=5]\n"
                                     "    max_run = [u:PBS_GENERIC=2]\n    enabled = True\n"
                                     "    started = True\n\n"
                                     "Queue: workq\n    queue_type = Execution\n"
                                     "    max_run = [o:PBS_ALL=20],[u:PBS_GENERIC=10]\n"
                                     "    max_queued = [u:ann=1],[g:PBS_GENERIC=2]\n"
                                     "    enabled = True\n    started = True\n\n"
                                     "Server: pbshead\n    max_array_size = 10000\n"
                                     "    default_queue = workq\n",
                                     ""});
  REQUIRE((seen && seen->size() == 2));
  const auto &small = seen->at(0), &workq = seen->at(1);
  CHECK(small.max_jobs == 5);
  CHECK(small.max_running == 2);
  CHECK(small.max_array == 10000);
  CHECK(workq.max_jobs == 0);  // another user's, or a group's
  CHECK(workq.max_running == 10);
}
