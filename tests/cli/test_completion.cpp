// What may stand where a word is being typed, and the man pages: from the verbs' own tables.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "launcher/base/text.hpp"
#include "launcher/cli/completion.hpp"
#include "launcher/cli/man.hpp"
#include "tests/cli/fake_launcher.hpp"

using namespace pcluster;
using Words = std::vector<std::string>;
using Kinds = std::vector<Completes>;

namespace {

Words of(const Candidates& all) {
  Words words;
  for (const auto& each : all.words) words.push_back(each.word);
  return words;
}
Words offered(Words words) { return of(candidates(std::move(words))); }
Kinds kinds(Words words) { return candidates(std::move(words)).kinds; }

bool holds(const Words& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

TEST_CASE("completion: verbs, and a global option's value before them") {
  CHECK(offered({"stat"}) == Words{"status"});
  CHECK(offered({"sta"}) == Words{"start", "status"});
  CHECK(offered({""}).size() == verbs().size());
  CHECK(offered({}).size() == verbs().size());
  CHECK_FALSE(holds(offered({""}), "complete"));
  CHECK(offered({"--json", "wai"}) == Words{"wait"});
  CHECK(kinds({"--cluster", ""}) == Kinds{Completes::cluster});
  CHECK(offered({"--cluster", "big", "wai"}) == Words{"wait"});
  CHECK(offered({"--ver"}) == Words{"--version"});
  CHECK(offered({"help", "sm"}) == Words{"smoke"});
  CHECK(offered({"help", "--"}).front().starts_with("--"));
  CHECK(offered({"nosuch", ""}).empty());
}

TEST_CASE("completion: options of the verb and the global ones, with their help") {
  const auto all = candidates({"submit", "--par"});
  REQUIRE(all.words.size() == 1);
  CHECK(all.words[0].word == "--partition");
  CHECK(has(all.words[0].help, "partition"));
  CHECK(holds(offered({"submit", "-"}), "-p"));
  CHECK(holds(offered({"submit", "-"}), "--json"));
  CHECK(holds(offered({"start", "--num"}), "--num-engines"));
  CHECK(offered({"wait", "--par"}).empty());
}

TEST_CASE("completion: values of options, in one word, in two, or cut by bash") {
  CHECK(kinds({"submit", "-p", ""}) == Kinds{Completes::partition});
  CHECK(kinds({"submit", "--site", ""}) == Kinds{Completes::site, Completes::file});
  CHECK(kinds({"submit", "--local-directory", "/t"}) == Kinds{Completes::directory});
  CHECK(kinds({"submit", "--jobs", ""}).empty());
  CHECK(offered({"submit", "--jobs", "3", "--timeo"}) == Words{"--timeout"});
  const auto one = candidates({"submit", "--site=es"});
  CHECK(one.kinds == Kinds{Completes::site, Completes::file});
  CHECK(one.before == "--site=");
  CHECK(one.typed == "es");
  const auto cut = candidates({"submit", "--site", "=", "es"});
  CHECK(cut.kinds == one.kinds);
  CHECK(cut.before.empty());
  CHECK(candidates({"submit", "--site", "="}).kinds == one.kinds);
  CHECK(candidates({"submit", "--site", "="}).typed.empty());
}

TEST_CASE("completion: workers come in lists, what a table says of a value counts") {
  const Option on{"--on", "w0,w3-w5|all", "", false};
  auto all = value_candidates(on, "");
  CHECK(all.kinds == Kinds{Completes::worker});
  CHECK(of(all) == Words{"all"});
  all = value_candidates(on, "w0,w");
  CHECK(all.before == "w0,");
  CHECK(all.typed == "w");
  CHECK(all.words.empty());
  CHECK(value_candidates({"--after", "ID", "", true}, "").kinds == Kinds{Completes::workload});
  CHECK(of(value_candidates({"--threads", "keep", "", false}, "k")) == Words{"keep"});
  CHECK(value_candidates({"--trials", "A-B[:STEP]", "", false}, "").kinds.empty());
}

TEST_CASE("completion: operands as the verb names them") {
  CHECK(offered({"status", ""}) == Words{"workers", "jobs", "pools", "workloads", "launcher"});
  CHECK(offered({"status", "jobs", ""}).empty());
  CHECK(offered({"wait", ""}) == Words{"last"});
  CHECK(kinds({"wait", ""}) == Kinds{Completes::workload});
  CHECK(kinds({"logs", "--stderr", ""}) == Kinds{Completes::workload});
  for (const auto* verb : {"wait", "results", "logs", "explain", "retry", "cancel"})
    CHECK(kinds({verb, ""}) == Kinds{Completes::workload});
  CHECK(kinds({"logs", "-f", ""}) == Kinds{Completes::workload});
  CHECK(kinds({"scale", ""}).empty());
  CHECK(offered({"config", ""}) == Words{"show", "path", "check"});
  CHECK(kinds({"config", "check", ""}) == Kinds{Completes::file});
  CHECK(kinds({"config", "show", ""}).empty());
  CHECK(offered({"completion", "z"}) == Words{"zsh"});
}

TEST_CASE("completion: each option that takes a name of something knows of what") {
  CHECK(kinds({"map", "--after", ""}) == Kinds{Completes::workload});
  CHECK(kinds({"run", "--after-any", ""}) == Kinds{Completes::workload});
  CHECK(kinds({"map", "--tag", ""}).empty());  // a new one
  CHECK(kinds({"map", "-a", ""}) == Kinds{Completes::file});
  CHECK(kinds({"map", "--output", ""}) == Kinds{Completes::file});
  CHECK(kinds({"render", "--output", ""}) == Kinds{Completes::file});
  CHECK(kinds({"exec", "--on", ""}) == Kinds{Completes::worker});
  CHECK(kinds({"exec", "--chdir", ""}) == Kinds{Completes::directory});
  CHECK(kinds({"scale", "--pool", ""}) == Kinds{Completes::pool});
  CHECK(kinds({"with", "--partition", ""}) == Kinds{Completes::partition});
}

TEST_CASE("completion: a command after the options, then files") {
  CHECK(kinds({"map", "--trials", "0-9", "--", ""}) == Kinds{Completes::command});
  CHECK(kinds({"map", "--trials", "0-9", "py"}) == Kinds{Completes::command});
  CHECK(kinds({"with", "--jobs", "2", "--", ""}) == Kinds{Completes::command});
  CHECK(kinds({"exec", "--on", "all", "--", ""}) == Kinds{Completes::command});
  CHECK(kinds({"run", "-np", "4", "--", "python", "mod"}) == Kinds{Completes::file});
  CHECK(offered({"run", "--", "python", "--np"}).empty());  // the program's own
}

TEST_CASE("completion: an option typed before the word counts") {
  CHECK(typed_value({"submit", "--site", "esi", "-p", ""}, "--site") == "esi");
  CHECK(typed_value({"submit", "--site=esi", "-p", ""}, "--site") == "esi");
  CHECK(typed_value({"submit", "--site", "=", "esi", "-p", ""}, "--site") == "esi");
  CHECK(typed_value({"submit", "--site", ""}, "--site").empty());
  CHECK(typed_value({"map", "--", "x", "--site", "esi", ""}, "--site").empty());
}

TEST_CASE("completion: sites, partitions, workloads, workers and pools; no launcher is started") {
  const Place place;
  const std::string path = std::getenv("PATH");
  setenv("PCLUSTER_SHARE", PCLUSTER_SOURCE, 1);  // its profiles lie there as installed
  setenv("PATH", "/nonexistent", 1);             // no scheduler is asked
  CHECK(has(run_words({"complete", "--", "submit", "--site", ""}).out, "generic-slurm\n"));
  CHECK(run_words({"complete", "--", "submit", "--site", "esi", "-p", "16GBX"}).out ==
        "16GBXS\n16GBXL\n");
  CHECK(run_words({"complete", "--", "submit", "--site=es"}).out == "--site=esi\n:file\n");
  CHECK(run_words({"complete", "--", "submit", "--site", "nosuch", "-p", ""}).out.empty());
  CHECK(run_words({"complete", "--", "--cluster", "a,b", "wait", ""}).out == "last\n");
  CHECK(run_words({"complete", "--", "submit", "--pool", ""}).out.empty());
  Status status;
  status.pools.emplace_back().pool = "big";
  FakeLauncher fake(place.state().socket(),
                    [&](const Request&) { return std::vector<Reply>{status}; });
  CHECK(run_words({"complete", "--", "submit", "--pool", ""}).out == "big\n");
  const auto got = run_words({"complete", "--", "stat"});
  CHECK(got.code == 0);
  CHECK(has(got.out, "status\tjobs"));
  CHECK(run_words({"complete"}).code == 0);
  setenv("PATH", path.c_str(), 1);
}

TEST_CASE("completion: the scripts, and a shell that we do not know") {
  const Place place;
  for (const auto* shell : {"bash", "zsh", "fish"})
    CHECK(has(run_words({"completion", shell}).out, "complete --"));
  const auto wrong = run_words({"completion", "fisch"});
  CHECK(wrong.code == 2);
  CHECK(has(wrong.err, "did you mean \"fish\""));
  CHECK(run_words({"completion"}).code == 2);
}

TEST_CASE("every verb describes itself, in help and in its man page") {
  for (const auto* verb : verbs()) {
    INFO(verb->name);
    CHECK(verb->description.size() > 80);
    CHECK(verb->description.ends_with('.'));
    const auto first = verb->description.substr(0, verb->description.find(' '));
    CHECK(has(help(*verb), first));
    const auto page = man_page(*verb);
    for (const auto* section : {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES",
                                "EXIT STATUS", "ENVIRONMENT", "SEE ALSO"})
      CHECK(has(page, std::string(".SH ") + section + "\n"));
    CHECK(has(man_page(), std::string(verb->name)));
  }
  const Place place;
  CHECK(run_words({"help", "--man", "wait"}).out == man_page(verb_wait));
  CHECK(run_words({"help", "--man"}).out == man_page());
  CHECK(run_words({"help"}).code == 0);
  CHECK(has(run_words({"help", "wiat"}).err, "did you mean \"wait\""));
  CHECK(run_words({"help", "wait", "x"}).code == 2);
}
