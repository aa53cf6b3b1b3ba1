// The adapter's lines of shell, run with PBS's commands as shell functions that say what real ones
// said: which exit code counts, and what is asked again.
// SPDX-License-Identifier: MIT
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>

#include "launcher/base/text.hpp"
#include "tests/adapters/pbs_texts.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

const std::vector<std::string> names{"pcl-c-t", "pcl-c-u"}, ids{"12[3]", "7", "9"};

CommandResult run(const std::string& functions, Argv argv) {
  const auto script = std::ranges::find(argv, "-c") + 1;
  REQUIRE(script < argv.end());
  *script = functions + "\n" + *script;
  auto* pipe = popen(shell_join(argv).append(" 2> /dev/null").c_str(), "r");
  REQUIRE(pipe != nullptr);
  CommandResult result;
  char some[4096];
  while (const auto got = std::fread(some, 1, sizeof some, pipe)) result.out.append(some, got);
  result.exit_code = WEXITSTATUS(pclose(pipe));
  return result;
}

std::string quoted_path(const char* file) {
  return shell_quote(std::string(PCLUSTER_SOURCE "/tests/adapters/pbs/") + file);
}

// Of the first name, with history or without; qstat says which options it was given.
const std::string with_history = "qselect() { case \"$*\" in *pcl-c-t) echo '9[].s';; esac; }\n";
const std::string without_history =
    "qselect() {\n"
    "  case $1 in -x) echo 'qselect: PBS is not configured to maintain job history' >&2; return;;\n"
    "  esac\n"
    "  case \"$*\" in *pcl-c-t) echo '9[].s';; esac\n"
    "}\n";
const std::string show_options =
    "qstat() { printf 'Job Id: 1.s\\n    Job_Name = %s\\n    job_state = R\\n' \"$*\"; }\n";

std::string options_of_qstat(const std::string& functions) {
  const auto seen = pbs.seen(run(functions + show_options, pbs.status("ann", names)));
  return seen && !seen->empty() ? seen->front().first : "nothing";
}

}  // namespace

TEST_CASE("a look: with history, without, and with nothing of ours there") {
  CHECK(options_of_qstat(with_history) == "-x -t -f 9[].s");
  CHECK(options_of_qstat(without_history) == "-t -f 9[].s");
  const auto nothing = run("qselect() { :; }\n" + show_options, pbs.status("ann", names));
  CHECK((nothing.exit_code == 0 && nothing.out.empty()));
  const auto seen = pbs.seen(nothing);
  CHECK((seen && seen->empty()));
}

TEST_CASE("a look at a server that is away, or between whose answers a job is gone: no answer") {
  const auto away = run("qselect() { return 162; }\n" + show_options, pbs.status("ann", names));
  CHECK(away.exit_code == 162);
  CHECK_FALSE(pbs.seen(away));
  const auto down =
      run(with_history + "qstat() { printf '{}\\n'; return 255; }\n", pbs.status("ann", names));
  CHECK((down.exit_code == 255 && down.out.empty()));
  const auto gone =
      run(with_history + "qstat() { echo 'Job Id: 1.s'; return 153; }\n", pbs.status("ann", names));
  CHECK_FALSE(pbs.seen(gone));
}

TEST_CASE("a look is cut to what is read, and reads the same") {
  for (const auto* file : {"history.txt", "array.txt", "array-deleted.txt", "pending.txt",
                           "running.txt", "nasty.txt"}) {
    INFO(file);
    const auto all = text_of(std::string("tests/adapters/pbs/") + file);
    const auto cut = run(with_history + "qstat() { cat " + quoted_path(file) + "; }\n",
                         pbs.status("ann", names));
    CHECK(cut.exit_code == 0);
    CHECK(cut.out.size() < all.size() / 2);
    CHECK(cut.out.find("PBS_O_") == cut.out.npos);
    const auto whole = pbs.seen({0, false, all, ""}), part = pbs.seen(cut);
    REQUIRE((whole && part));
    CHECK(*whole == *part);
  }
}

TEST_CASE("a look at Torque, and at Slurm's wrappers, which know no -t") {
  const std::string job = "printf 'Job Id:\\t3\\n\\tJob_Name = pcl-c-t\\n\\tjob_state = R\\n'";
  const auto wrapper = run("qstat() { case $1 in -t) return 2;; esac; " + job + "; }\n",
                           torque.status("ann", names));
  const auto seen = torque.seen(wrapper);
  REQUIRE((seen && seen->size() == 1));
  CHECK(seen->front().second.job_id == "3");
  const auto real = run("qstat() { case $1 in -t) " + job + ";; *) return 9;; esac; }\n",
                        torque.status("ann", names));
  CHECK((torque.seen(real) && torque.seen(real)->size() == 1));
  const auto away = run("qstat() { return 255; }\n", torque.status("ann", names));
  CHECK_FALSE(torque.seen(away));
  const auto empty = torque.seen(run("qstat() { return 153; }\n", torque.status("ann", names)));
  CHECK((empty && empty->empty()));
}

TEST_CASE("jobs that are gone already need no qdel; its code is of the last one that failed") {
  const auto code = [&](const Adapter& adapter, const std::string& body) {
    return run("qdel() { for id do one \"$id\" || code=$?; done; return ${code:-0}; }\n"
               "one() { " +
                   body + "; }\n",
               adapter.cancel(ids))
        .exit_code;
  };
  CHECK(code(pbs, "return 0") == 0);
  CHECK(code(pbs, "echo 'qdel: Unknown Job Id' >&2; return 153") == 0);
  CHECK(code(pbs, "case $1 in 7) return 35;; esac") == 0);
  CHECK(code(pbs, "case $1 in 7) return 162;; 9) return 153;; esac") == 1);
  CHECK(code(pbs, "case $1 in '12[3]') return 159;; esac") == 1);
  CHECK(code(pbs, "return 1") == 1);
  CHECK(code(torque, "return 1") == 0);  // the wrappers, of one that is gone
  CHECK(code(torque, "echo 'qdel: Kill job error on job id 7: no permission'; return 1") == 1);
  CHECK(code(torque,
             "echo 'qdel: Request invalid for state of job MSG=invalid state for job - "
             "COMPLETE 7.s' >&2; return 170") == 0);
}

TEST_CASE("queues: the default one is nice to know, the others are needed") {
  const auto limits = [](const std::string& body) {
    return pbs.limits_seen(run("qstat() { case $1 in " + body + " esac; }\n", pbs.limits()));
  };
  const std::string queue = "-Q) printf 'Queue: a\\n    enabled = True\\n    started = True\\n';;";
  const auto both = limits(queue + "-B) printf 'Server: s\\n    default_queue = a\\n';;");
  REQUIRE((both && both->size() == 1));
  CHECK(both->front().is_default);
  const auto one_only = limits(queue + "-B) return 153;;");
  REQUIRE((one_only && one_only->size() == 1));
  CHECK_FALSE(one_only->front().is_default);
  CHECK_FALSE(limits("-Q) return 255;;"));
}
