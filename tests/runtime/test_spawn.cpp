// The spawn engine with real processes: ends, errors, output.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "launcher/io/file.hpp"
#include "rig.hpp"

using namespace pcluster;

TEST_CASE("exit codes, signals, cpu time and size come from the leader") {
  Rig rig;
  CHECK(rig.run({"true"}).exit_code == 0);
  CHECK(rig.shell("exit 3").exit_code == 3);
  auto killed = rig.shell("kill -SEGV $$");
  CHECK(killed.exit_code == -1);
  CHECK(killed.signal == SIGSEGV);
  auto busy = rig.shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
  CHECK(busy.cpu > 2 * millisecond);
  CHECK(busy.max_rss_kb > 500);
  CHECK(busy.end_unix - busy.start_unix >= busy.cpu / 2);
  CHECK(busy.end_unix - busy.start_unix < 5 * second);
}

TEST_CASE("a task is the leader of a session of its own, with an empty input and clean signals") {
  signal(SIGPIPE, SIG_IGN);
  Rig rig;
  rig.shell(
      "cat; read line || echo empty; ps -o pid=,sid= $$ | { read a b; [ $a = $b ] && echo own; }");
  CHECK(rig.outputs.back() == "empty\nown\n|");
  rig.run({"sed", "-n", "/^Sig[BIC]/p", "/proc/self/status"});
  CHECK(rig.outputs.back() ==
        "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n|");
  rig.shell("ls /proc/self/fd | tr '\\n' ' '");  // 3 is the directory that ls reads
  CHECK(rig.outputs.back() == "0 1 2 3 |");
  signal(SIGPIPE, SIG_DFL);
}

TEST_CASE("what cannot be started says exactly why") {
  Rig rig;
  auto why = [&rig](std::vector<std::string> argv) {
    auto failure = rig.start(0, argv);
    REQUIRE(failure);
    Program program;
    program.argv = argv;
    program.path = rig.path;
    program.directory = rig.directory;
    program.output = rig.output_file;
    return std::to_string(exit_code(*failure)) + " " + explain(*failure, program, "n14");
  };
  rig.path = "/usr/bin:/bin";
  CHECK(why({"no-such-command"}) ==
        "127 command not found on n14: no-such-command (PATH=/usr/bin:/bin)");
  CHECK(why({"/no/such/command"}) == "127 command not found on n14: /no/such/command");
  CHECK(why({"/etc/passwd"}) ==
        "126 not executable on n14: /etc/passwd; chmod +x, or start it with its interpreter");

  std::string script = "/tmp/pcluster-test-script-" + std::to_string(getpid());
  write_file(script, "#!/no/such/interpreter\n", 0755);
  CHECK(why({script}) == "127 interpreter missing on n14: " + script +
                             " is there, but not what its #! line (or its loader) names");
  write_file(script, "echo no first line\n", 0755);
  CHECK(why({script}).starts_with("126 not a program on n14: "));
  unlink(script.c_str());

  CHECK(why({"/bin/true", std::string(4 << 20, 'x')}).find("put the data into a file") !=
        std::string::npos);
  rig.directory = "/no/such/directory";
  CHECK(why({"true"}) ==
        "125 working directory missing on n14: /no/such/directory; use one that the nodes share "
        "(--chdir)");
  rig.directory.clear();
  rig.output_file = "/no/such/directory/out.txt";
  CHECK(
      why({"true"}) ==
      "125 cannot write output on n14: /no/such/directory/out.txt: No such file or directory; its "
      "directory must exist there");
  rig.output_file.clear();
  CHECK(rig.spawner.running() == 0);
  CHECK(rig.run({"true"}).exit_code == 0);  // the slot is none the worse for it
}

TEST_CASE("commands are looked up in the task's PATH, relative entries from its directory") {
  char name[] = "/tmp/pcluster-test-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  std::string top = name;
  make_directories(top + "/bin");
  make_directories(top + "/first/tool");  // a directory is no command
  write_file(top + "/bin/tool", "#!/bin/sh\necho tool in $(pwd)\n", 0755);
  Rig rig;
  rig.directory = top;
  rig.path = top + "/first:bin:/bin";
  CHECK(rig.run({"tool"}).exit_code == 0);
  CHECK(rig.outputs.back() == "tool in " + top + "\n|");
  rig.output_file = "both.txt";  // relative to the directory, both streams in order, truncated
  write_file(top + "/both.txt", std::string(1000, 'x'));
  rig.shell("echo one; echo two >&2; echo three");
  CHECK(rig.outputs.back() == "|");
  CHECK(read_file(top + "/both.txt") == "one\ntwo\nthree\n");
  remove_tree(top);
}

TEST_CASE("a task that is bound runs on its cores only") {
  Rig rig;
  cpu_set_t mask;
  REQUIRE(sched_getaffinity(0, sizeof mask, &mask) == 0);
  int last = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &mask)) last = cpu;
  rig.cores = {last};
  rig.run({"grep", "Cpus_allowed_list", "/proc/self/status"});
  CHECK(rig.outputs.back() == "Cpus_allowed_list:\t" + std::to_string(last) + "\n|");
}

TEST_CASE("output is byte-exact, apart by stream, and larger than any pipe") {
  Rig rig;
  std::string script =
      "i=0; while [ $i -lt 25000 ]; do echo \"line $i of standard output, and some "
      "more text to fill\"; echo err $i >&2; i=$((i+1)); done";
  CHECK(rig.shell(script).exit_code == 0);
  std::string expected, errors;
  for (int i = 0; i < 25000; ++i) {
    expected += "line " + std::to_string(i) + " of standard output, and some more text to fill\n";
    errors += "err " + std::to_string(i) + "\n";
  }
  REQUIRE(expected.size() > 1'200'000);
  CHECK((rig.outputs.back() == expected + "|" + errors));
  rig.run({"head", "-c", "200000", "/dev/zero"});
  CHECK((rig.outputs.back() == std::string(200000, '\0') + "|"));
  CHECK(rig.largest_chunk <= 64 * 1024);  // whatever a task writes, no more is in memory
}

TEST_CASE("a task that made its output non-blocking does not harm the next") {
  Rig rig;
  rig.run({"python3", "-c", "import os; os.set_blocking(1, False); os.set_blocking(2, False)"});
  REQUIRE(rig.ends.back().exit_code == 0);
  rig.run({"python3", "-c", "import os; print(os.get_blocking(1), os.get_blocking(2))"});
  CHECK(rig.outputs.back() == "True True\n|");
}

TEST_CASE("a thousand tasks over four slots keep their outputs apart") {
  Rig rig(4);
  int started = 0;
  rig.on_end = [&](const Ended& end) {
    if (started < 1000) rig.start(end.slot, {"/bin/echo", "task", std::to_string(started++)});
  };
  for (std::uint32_t slot = 0; slot < 4; ++slot)
    rig.start(slot, {"/bin/echo", "task", std::to_string(started++)});
  rig.wait_for_ends(1000);
  std::vector<bool> seen(1000);
  for (const auto& text : rig.outputs) {
    REQUIRE(text.starts_with("task "));
    REQUIRE(text.ends_with("\n|"));
    seen[std::stoul(text.substr(5))] = true;
  }
  CHECK(std::count(seen.begin(), seen.end(), true) == 1000);
  CHECK(rig.spawner.running() == 0);
}

TEST_CASE("our own streams are ours again after each start") {
  Rig rig;
  struct stat before {
  }, after{};
  fstat(1, &before);
  rig.run({"true"});
  fstat(1, &after);
  CHECK(before.st_ino == after.st_ino);
}
