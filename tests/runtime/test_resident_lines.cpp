// The lines between a worker and a resident.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/model/result.hpp"
#include "mpi-runtime/resident_lines.hpp"

using namespace pcluster;
using Kind = Answer::Kind;

namespace {

bool has(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("a trial's line has its keys in order, and its values last") {
  TaskTemplate task;
  task.columns = {"name", "alpha"};
  TaskStart start;
  start.attempt = {{WorkloadId{7}, 3}, 2, 1};
  start.trial = "a \"trial\":\"b\t0.5";
  start.task = &task;
  CHECK(trial_line(start) == R"({"task":"7.3","trial":"3","index":3,"attempt":2,)"
                             R"("values":{"name":"a \"trial\":\"b","alpha":"0.5"}})"
                             "\n");
  task.columns = {};
  start.trial = "\xff\xc3\xa4";
  CHECK(trial_line(start) ==
        "{\"task\":\"7.3\",\"trial\":\"\xef\xbf\xbd\xc3\xa4\",\"index\":3,\"attempt\":2,"
        "\"values\":{}}\n");
  task.columns = {"index", "x"};  // of an earlier workload's trial
  start.trial = "40\t1";
  CHECK(has(trial_line(start), "\"index\":40,"));
}

TEST_CASE("answers: ready, done, failed, and what is none of these") {
  CHECK(read_answer("{\"ready\":true}").kind == Kind::ready);
  CHECK(read_answer("{\"done\": true}").kind == Kind::done);
  const auto some = read_answer("{\"result\":{\"b\":1, \"a\":[2]},\"done\":true,\"task\":\"7.3\"}");
  CHECK(some.columns == "{\"b\":1,\"a\":[2]}");
  CHECK(some.task == "7.3");
  const auto failed = read_answer("{\"failed\":\"no\\nroot\"}");
  CHECK(failed.kind == Kind::failed);
  CHECK(failed.message == "no\\nroot");
  const std::string deep(2000, '[');
  for (const std::string& line :
       {std::string("ready"), std::string("4"), std::string("{}"), std::string("{\"ready\":1}"),
        std::string("{\"done\":false}"), std::string("{\"failed\":true}"),
        std::string("{\"done\":true,\"result\":[1]}"),
        std::string("{\"done\":true,\"x\":\"\xff\"}"), deep,
        "{\"done\":true,\"result\":" + deep + std::string(2000, ']') + "}"}) {
    CAPTURE(line);
    CHECK(read_answer(line).kind == Kind::wrong);
    CHECK_FALSE(read_answer(line).message.empty());
  }
}

TEST_CASE("what a resident says of trials in advance, of its output, and of its end") {
  CHECK(read_answer("{\"ready\":true}").ahead == 0);
  CHECK(read_answer("{\"ready\":true,\"ahead\":16}").ahead == 16);
  CHECK(read_answer("{\"ready\":true,\"ahead\":100000}").ahead == most_ahead);
  CHECK(read_answer("{\"ready\":true,\"ahead\":-1}").ahead == 0);
  CHECK(read_answer("{\"ready\":true,\"ahead\":true}").ahead == 0);
  const auto answer = read_answer("{\"done\":true,\"output\":\"a\\nb\",\"last\":true}");
  CHECK(answer.output == "a\nb");
  CHECK(answer.last);
  CHECK_FALSE(read_answer("{\"done\":true}").last);
}

TEST_CASE("a result that is too long is not kept, and its trial is done all the same") {
  const std::string text(max_columns, 'x');
  const auto answer = read_answer("{\"done\":true,\"result\":{\"x\":\"" + text + "\"}}");
  CHECK(answer.kind == Kind::done);
  CHECK(answer.columns.empty());
  CHECK(has(answer.message, "at most 65536 fit"));
}
