// Which site we are at, on machines that only exist here.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <set>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/sites.hpp"
#include "launcher/io/file.hpp"
#include "tests/cli/fake_launcher.hpp"

using namespace pcluster;

namespace {

std::vector<SiteProfile> profiles() {
  SiteProfile center, generic, here;
  center.name = "center", center.scheduler = "slurm";
  center.detect_hostnames = {"svc-*"}, center.detect_paths = {"/cs"};
  generic.name = "generic", generic.scheduler = "slurm";
  here.name = "here", here.scheduler = "local";
  return {center, generic, here};
}

Surroundings machine(std::string host, std::set<std::string> paths, bool scheduler) {
  return {std::move(host),
          [paths](const std::string& path) { return paths.contains(path); },
          [scheduler](const std::string&) { return scheduler; },
          {}};
}

std::string chosen(const std::string& said, const Surroundings& here) {
  return choose_site(profiles(), said, here).profile.name;
}

}  // namespace

TEST_CASE("a site is found by all kinds of evidence that it gives") {
  CHECK(chosen("", machine("svc-1", {"/cs"}, true)) == "center");
  CHECK(chosen("", machine("svc-1", {}, true)) == "generic");
  CHECK(chosen("", machine("laptop", {"/cs"}, true)) == "generic");
  CHECK(chosen("", machine("laptop", {}, false)) == "here");
}

TEST_CASE("two schedulers with programs of one name: the version of them tells") {
  SiteProfile one, other, here;
  one.name = "one", one.scheduler = "pbs";
  other.name = "other", other.scheduler = "torque";
  here.name = "here", here.scheduler = "local";
  const std::vector sites{one, other, here};
  const auto at = [&](const CommandResult& version, const std::string& said = "") {
    auto center = machine("login1", {}, true);
    int asked = 0;
    center.ask = [&](const Argv& argv) {
      CHECK(argv == pbs.version);
      ++asked;
      return version;
    };
    const auto chosen = choose_site(sites, said, center).profile.name;
    CHECK((asked > 0) == said.empty());  // what is said is not asked about
    return chosen;
  };
  CHECK(at({0, false, "pbs_version = 23.06.06\n", ""}) == "one");
  CHECK(at({0, false, "", "Version: 6.1.2\n"}) == "other");
  CHECK(at({2, false, "", "Unknown option: version\n"}) == "here");
  CHECK(at({-1, true, "", ""}) == "here");
  CHECK(at({2, false, "", ""}, "other") == "other");
  CHECK(choose_site(sites, "", machine("login1", {}, true)).profile.name == "here");
}

TEST_CASE("a detected site without its scheduler gives way to local workers, and that is said") {
  const auto site = choose_site(profiles(), "", machine("svc-1", {"/cs"}, false));
  CHECK(site.profile.name == "here");
  CHECK(site.adapter == &local);
  CHECK(join(site.notes, "\n").find("center") != std::string::npos);
}

TEST_CASE("a site said out loud must have its scheduler, but for a dry run") {
  const auto here = machine("laptop", {}, false);
  try {
    choose_site(profiles(), "center", here);
    FAIL("no Error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    CHECK(std::string(error.what()).find(std::string(slurm.probe)) != std::string::npos);
    CHECK(std::string(error.what()).find("PATH") != std::string::npos);
  }
  CHECK(choose_site(profiles(), "center", here, true).profile.name == "center");
  CHECK(chosen("here", here) == "here");
  CHECK(chosen("center", machine("laptop", {}, true)) == "center");
}

TEST_CASE("an unknown site comes with the nearest one and all of them") {
  try {
    choose_site(profiles(), "centre", machine("laptop", {}, true));
    FAIL("no Error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    CHECK(std::string(error.what()).find("did you mean \"center\"") != std::string::npos);
    CHECK(error.hint().find("center, generic, here") != std::string::npos);
  }
}

TEST_CASE("a profile for a scheduler that nobody knows is told with the nearest") {
  auto sites = profiles();
  sites[0].scheduler = "slrm";
  try {
    choose_site(sites, "center", machine("laptop", {}, true));
    FAIL("no Error");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("did you mean \"slurm\"") != std::string::npos);
  }
}

TEST_CASE("the profiles that we ship are all readable, and one of them is for no scheduler") {
  const auto sites = read_sites(PCLUSTER_SOURCE);
  CHECK(sites.size() >= 3);
  CHECK(choose_site(sites, "", machine("laptop", {}, false)).adapter == &local);
}

TEST_CASE("a site's state directory is found again without the site; PCLUSTER_DIR wins over it") {
  const Place place;
  Session session;
  session.cluster = "default";
  session.variables = {{"HOME", place.root()}};
  CHECK(session.state().root == place.root() + "/.pcluster/default");
  CHECK(settled_state(session, "~/shared").root == place.root() + "/shared/default");
  CHECK(settled_state(session, "").root == place.root() + "/.pcluster/default");
  CHECK_FALSE(exists(place.root() + "/.pcluster"));
  settle_state_directory(session, "${HOME}/shared");
  CHECK(session.state().root == place.root() + "/shared/default");
  make_directories(session.state().root);
  write_file(session.state().key(), "of a cluster that runs");
  CHECK_NOTHROW(settle_state_directory(session, "${HOME}/shared"));
  CHECK_THROWS_AS(settle_state_directory(session, "${HOME}/other"), Error);
  CHECK(session.state().root == place.root() + "/shared/default");
  remove_tree(session.state().key());
  settle_state_directory(session, "${HOME}/other");
  CHECK(session.state().root == place.root() + "/other/default");
  session.variables["PCLUSTER_DIR"] = "/elsewhere";
  settle_state_directory(session, "${HOME}/third");
  CHECK(session.state().root == "/elsewhere/default");
  CHECK(expand_path("/cs/${USER}/$USER", {}, "ann") == "/cs/ann/ann");
  CHECK(expand_path("~/x", {{"HOME", "/h"}}, "ann") == "/h/x");
}
