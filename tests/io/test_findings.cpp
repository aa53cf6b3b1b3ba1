// What the probe finds comes back as it was written, and pieces of it are nothing.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/io/findings.hpp"

using namespace pcluster;

namespace {

Findings some_findings() {
  Findings found;
  found.host = "n14";
  found.started_unix = 1'700'000'000'000'000;
  found.addresses = {"10.0.0.14"};
  found.port = 60001;
  found.tries = {{"10.0.0.1", "reached", "", 1200},
                 {"192.0.2.2", "no route", "No route to host", 30}};
  found.clock_ahead = -1500;
  found.directory = {"nfs", "shared", 1000};
  found.cores = 2;
  found.memory_mb = 500;
  found.confined = true;
  found.memlock_kb = 64;
  found.cpu_seconds = 1800;
  found.fabrics = {"mlx5_0"};
  found.scratch = {{"/tmp", "", {"tmpfs", "ram", 12}, true}};
  found.programs = {{"mpiexec", "/opt/bin/mpiexec", "4.1.4"}, {"mpicc", "", ""}};
  found.ask_error = "not found";
  return found;
}

}  // namespace

TEST_CASE("findings come back as they were written") {
  const auto found = some_findings();
  const auto text = to_text(found);
  CHECK(parse_findings(text) == found);
  CHECK_FALSE(parse_findings(text)->open_files);  // no limit
  for (std::size_t size : {std::size_t{0}, text.size() / 2, text.size() - 3})
    CHECK_FALSE(parse_findings(text.substr(0, size)));
  CHECK_FALSE(parse_findings("{\"host\": 7}"));
  CHECK_FALSE(parse_findings("[]"));
}

TEST_CASE("a request comes back as it was written") {
  const auto back = parse_request(
      to_text(ProbeRequest{{"10.0.0.1"}, {60001, 63000}, 60002, "mpirun", {"ask", "me"}}));
  REQUIRE(back);
  CHECK(back->addresses == std::vector<std::string>{"10.0.0.1"});
  CHECK(back->ports == PortRange{60001, 63000});
  CHECK(back->port == 60002);
  CHECK(back->mpiexec == "mpirun");
  CHECK(back->ask.size() == 2);
  CHECK_FALSE(parse_request("{"));
}

TEST_CASE("a stamp that is cut short is none") {
  const auto text = to_text(Stamp{3, 1000, 2000, 3000});
  const auto back = parse_stamp(text);
  REQUIRE(back);
  CHECK(back->number == 3);
  CHECK(back->answered_unix == 2000);
  for (std::size_t size = 0; size + 2 < text.size(); ++size)
    CHECK_FALSE(parse_stamp(text.substr(0, size)));
}

TEST_CASE("kinds of file systems") {
  CHECK(file_system_of_magic(0x6969) == FileSystem{"nfs", "shared", 0});
  CHECK(file_system_of_magic(0x01021994) == FileSystem{"tmpfs", "ram", 0});
  CHECK(file_system_of_magic(0xEF53).kind == "local");
  CHECK(file_system_of_magic(0x1234).name == "file system 0x1234");
  CHECK(file_system_of("/proc/self")->kind == "local");
  CHECK_FALSE(file_system_of("/no/such/place"));
}
