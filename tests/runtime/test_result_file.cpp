// $PCLUSTER_RESULT: what is kept of it, and what is said when it is not.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/io/file.hpp"
#include "mpi-runtime/result_file.hpp"

using namespace pcluster;

namespace {

struct ResultFile {
  std::string path = "/tmp/pcluster-test-result-" + std::to_string(getpid());
  TaskColumns with(const std::string& text) {
    write_file(path, text);
    auto columns = take_result_file(path);
    CHECK_FALSE(exists(path));  // the next task of the slot must not find it
    return columns;
  }
};

}  // namespace

TEST_CASE("an object is kept, compact; no file is no result and no message") {
  ResultFile file;
  auto none = take_result_file(file.path);
  CHECK(none.json.empty());
  CHECK(none.message.empty());
  auto some = file.with("{ \"rate\": 4.25,\n \"name\": \"\xc3\xa4\" }\n");
  CHECK(some.json == "{\"name\":\"\xc3\xa4\",\"rate\":4.25}");
  CHECK(some.message.empty());
}

TEST_CASE("what cannot be kept is said") {
  ResultFile file;
  for (std::string text :
       {"", " \n", "[1, 2]", "4", "{\"rate\": NaN}", "{\"a\": ", "{\"a\": \"\xff\"}"}) {
    CAPTURE(text);
    auto columns = file.with(text);
    CHECK(columns.json.empty());
    CHECK(columns.message.find("$PCLUSTER_RESULT") != std::string::npos);
  }
  CHECK(file.with("[1]").message.find("holds a JSON array") != std::string::npos);
  auto large = file.with("{\"a\": \"" + std::string(70000, 'x') + "\"}");
  CHECK(large.json.empty());
  CHECK(large.message.find("at most 65536") != std::string::npos);
}

TEST_CASE("a pipe or a link in its place does not stop the worker, and is removed") {
  ResultFile file;
  REQUIRE(mkfifo(file.path.c_str(), 0600) == 0);
  CHECK(take_result_file(file.path).message.find("not a plain file") != std::string::npos);
  CHECK_FALSE(exists(file.path));
  REQUIRE(symlink("/etc/passwd", file.path.c_str()) == 0);
  CHECK(take_result_file(file.path).message.find("not a plain file") != std::string::npos);
  CHECK(take_result_file(file.path).message.empty());
}
